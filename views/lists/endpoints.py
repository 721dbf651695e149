"""The doors of a type's list: the list itself, its columns and saved views, moves on many rows, totals, export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import jsonify, request
from flask_admin import expose

from models.kernel.gate import intents, merging
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..moves import moves_context
from ..session import actor
from ..slots import formats_for
from . import bulk, bulk_edit, export, export_jobs, gathering, grid_page, imports, layouts, neighbours, sheet

if TYPE_CHECKING:
    from collections.abc import Callable


class ListDoors:
    """What `RecordView` offers around the list of its type."""

    model: type[Record]
    list_template: str
    render: Callable[..., str]
    if TYPE_CHECKING:

        @property
        def base(self) -> str: ...

    @expose("/")
    def index_view(self) -> Any:
        """The list: filtered, searched, sorted, paged and arranged as asked."""
        return self.list_page(layouts.read_list(self.model, actor(), request.args))

    def list_page(self, shown: layouts.Shown) -> str:
        """The page of a list, as it is arranged."""
        me = actor()
        return self.render(
            self.list_template,
            **grid_page.shown_context(self.model, me, shown, self.base),
            may_create=rights.may_create(me, self.model),
            bulk_verbs=bulk.offered(self.model),
            bulk_fields=bulk_edit.offered(self.model, me),
            gathers=gathering.offered(self.model, me),
            may_merge=merging.may_merge(me, self.model),
            sheet=sheet.facts_of(self.model, me, self.base),
        )

    @expose("/columns/", methods=("GET", "POST"))
    def columns_view(self) -> Any:
        """Which columns the reader wants, in which order and how wide."""
        return layouts.columns_answer(self)

    @expose("/views/", methods=("POST",))
    def views_view(self) -> Any:
        """Save the list as it is under a name; change or remove a saved one."""
        return layouts.views_answer(self)

    @expose("/neighbour/")
    def neighbour_view(self) -> Any:
        """From one record to the next or previous of the list that the reader came from."""
        return neighbours.answer(self)

    @expose("/row/")
    def row_view(self) -> Any:
        """The menu of one row: what its reader may do with the record now."""
        me = actor()
        intent = intents.of(me, self.model, request.args.get("id"))
        steps = [step for step in moves_context(intent) if step["may"]]
        return self.render(
            "record/row.html", record=intent.record, base=self.base, steps=steps, may_edit=intent.verdict
        )

    @expose("/totals/")
    def totals_view(self) -> Any:
        """The sums of the amounts over all hits, where there are not too many."""
        me = actor()
        shown = layouts.read_list(self.model, me, request.args)
        return jsonify(totals=grid_page.totals(self.model, me, shown))

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        """A move on many rows: first a rehearsal of what would happen to each, then the result for each."""
        return bulk.answer(self)

    @expose("/set/", methods=("POST",))
    def set_view(self) -> Any:
        """One value for many rows: what would change first, then the result for each."""
        return bulk_edit.answer(self)

    @expose("/sheet/", methods=("POST",))
    def sheet_view(self) -> Any:
        """Cells typed in sheet mode: what would become of them, then what did, cell by cell."""
        return sheet.answer(self)

    @expose("/sheet/fill/", methods=("POST",))
    def sheet_fill_view(self) -> Any:
        """How a column of the sheet goes on that is filled down."""
        return sheet.fill_answer(self)

    @expose("/sheet/draft/", methods=("GET", "POST"))
    def sheet_draft_view(self) -> Any:
        """What was typed into the sheet and not saved."""
        return sheet.draft_answer(self)

    @expose("/sheet/rows/", methods=("POST",))
    def sheet_rows_view(self) -> Any:
        """The rows of some records, as the list shows them."""
        return sheet.rows_answer(self)

    @expose("/gather/", methods=("POST",))
    def gather_view(self) -> Any:
        """The blank form of a record that is made of the selected rows."""
        return gathering.answer(self)

    @expose("/take_back/", methods=("POST",))
    def take_back_view(self) -> Any:
        """Take back what was set for many rows."""
        return bulk_edit.take_back(self)

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Any:
        """What the list shows, as CSV, XLSX or lines of JSON, with the rows and columns of the reader's rights; or in a
        format of its trade. Of a long list it offers to write the file in the background."""
        shown = layouts.read_list(self.model, actor(), request.args)
        if trade := formats_for(self.model.declared.name).get(export_type):
            return export.answer_in(self.model, actor(), shown.query, trade)
        form = export.format_of(export_type)
        if "at_once" not in request.args and export_jobs.is_long(shown.query, form):
            export.refuse_what_has_no_room(shown.query, form)
            return export_jobs.offer(self, shown, form)
        return export.answer(self.model, actor(), shown.query, form, shown.columns)

    @expose("/export/<export_type>/order/", methods=("POST",))
    def export_order_view(self, export_type: str) -> Any:
        """Order that the export of a long list is written in the background."""
        return export_jobs.order_answer(self, export.format_of(export_type))

    @expose("/exported/")
    def exported_view(self) -> Any:
        """How far an export is that is written in the background."""
        return export_jobs.page_answer(self)

    @expose("/exported/progress/")
    def exported_progress_view(self) -> Any:
        """The same for the bar that moves."""
        return export_jobs.progress_answer(self)

    @expose("/exported/file/")
    def exported_file_view(self) -> Any:
        """The file of an export that is ready."""
        return export_jobs.file_answer(self)

    @expose("/import/", methods=("GET", "POST"))
    def import_view(self) -> Any:
        """Send a sheet to be imported; the reader's own earlier imports."""
        return imports.start_answer(self)

    import_view.takes_files = True  # type: ignore[attr-defined]
    import_view.stores_files = True  # type: ignore[attr-defined]

    @expose("/import/template/")
    def import_template_view(self) -> Any:
        """An empty sheet to be filled and imported."""
        return imports.template_answer(self)

    @expose("/import/details/")
    def import_details_view(self) -> Any:
        """One import: what would become of its rows, how far it is, what came of it."""
        return imports.details_answer(self)

    @expose("/import/progress/")
    def import_progress_view(self) -> Any:
        """How far an import is."""
        return imports.progress_answer(self)

    @expose("/import/match/", methods=("POST",))
    def import_match_view(self) -> Any:
        """Choose other fields for the columns of a sheet."""
        return imports.match_answer(self)

    @expose("/import/encoding/", methods=("POST",))
    def import_encoding_view(self) -> Any:
        """Choose the encoding of a text that was in doubt."""
        return imports.encoding_answer(self)

    @expose("/import/heads/", methods=("POST",))
    def import_heads_view(self) -> Any:
        """Choose the row of a sheet that has the heads."""
        return imports.heads_answer(self)

    @expose("/import/run/", methods=("POST",))
    def import_run_view(self) -> Any:
        """Import the good rows of a sheet."""
        return imports.run_answer(self)

    @expose("/import/correct/", methods=("POST",))
    def import_correct_view(self) -> Any:
        """Take over cells of refused rows that were typed anew."""
        return imports.correct_answer(self)

    @expose("/import/stop/", methods=("POST",))
    def import_stop_view(self) -> Any:
        """Pause a check or an import."""
        return imports.stop_answer(self)

    @expose("/import/go_on/", methods=("POST",))
    def import_go_on_view(self) -> Any:
        """Go on with what was paused."""
        return imports.go_on_answer(self)

    @expose("/import/take_back/", methods=("POST",))
    def import_back_view(self) -> Any:
        """Take back what was imported."""
        return imports.back_answer(self)

    @expose("/import/drop/", methods=("POST",))
    def import_drop_view(self) -> Any:
        """Throw away a sheet that was not imported."""
        return imports.drop_answer(self)

    @expose("/import/refused/")
    def import_refused_view(self) -> Any:
        """The rows that were not imported, with the reasons, as a sheet."""
        return imports.refused_answer(self)
