"""Pictures in questions: their words stand wherever no picture can, and neither an address nor a name tells what is
right (5.2)."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.gate import changes, editions
from models.kernel.gate.changes import Context
from models.services.files import files
from models.training import attempts
from models.training.attempts import QuizAttempt
from models.training.marking import in_words
from models.training.paper_tests import PaperTest, printed_papers
from tests.training.conftest import Taking

OPTIONS = "* ![綠色信號燈](right_answer.png) 安全\n![紅色信號燈](danger.png)\n都不是"
TEXT = "看圖：![控制面板](panel.png)\n哪一個信號表示安全？"


def image(colour: str) -> io.BytesIO:
    content = io.BytesIO()
    picture = Image.new("RGB", (40, 30), colour)
    about = Image.Exif()
    about[0x010E] = "SECRET PLACE"
    picture.save(content, "PNG", exif=about)
    content.seek(0)
    return content


class Pictured(Taking):
    """A question with a picture in its text and in two options."""

    def asked_with_pictures(self) -> Any:
        hr = self.company.actor("hr")
        made = self.question("single", text="先", options="* 甲\n乙")
        for name, colour in (("panel.png", "gray"), ("right_answer.png", "green"), ("danger.png", "red")):
            files.attach(type(made), made.id, "picture", files.Upload(name, image(colour)), actor=hr)
        return self.changed(made, text=TEXT, options=OPTIONS)

    def changed(self, question: Any, **values: Any) -> Any:
        now, hr = self.fresh(question), self.company.actor("hr")
        context = Context(confirmed=True)
        return changes.update(type(now), now.id, values, actor=hr, version=now.version, context=context)


@pytest.fixture
def pictured(company: Any) -> Pictured:
    return Pictured(company)


def test_a_picture_has_words_and_is_attached(pictured: Pictured) -> None:
    made, hr = pictured.asked_with_pictures(), pictured.company.actor("hr")
    for text in ("![](panel.png)", "![看](gone.png)"):
        now = pictured.fresh(made)
        with pytest.raises(Refused) as refused:
            changes.update(type(now), now.id, {"text": text}, actor=hr, version=now.version)
        assert "text" in refused.value.problems
    assert in_words(TEXT) == "看圖：［控制面板］\n哪一個信號表示安全？"
    assert in_words("![ 甲 ](a.png) 乙![丙](b.png)") == "［甲］ 乙［丙］"


def test_nothing_of_a_picture_tells_what_is_right(pictured: Pictured, browser_as: Any) -> None:
    question = pictured.asked_with_pictures()
    quiz = changes.create(
        catalogue["quiz"], {"name": "圖", "trainer": pictured.company.users["head_sal"], "questions": [question.id]},
        actor=pictured.company.actor("hr"),
    )  # fmt: skip
    quiz = changes.move(type(quiz), quiz.id, "publish", actor=pictured.company.actor("hr"), version=quiz.version)
    attempt = attempts.begin(pictured.company.actor("clerk_sal"), quiz.id)
    me, address = browser_as("clerk_sal"), f"/admin/taking/{attempt.id}/"
    page = me.get(address).text
    sources = re.findall(r'<img class="of-question" src="([^"]+)" alt="([^"]+)"', page)
    assert sorted(words for _, words in sources) == sorted(["控制面板", "綠色信號燈", "紅色信號燈"])
    assert len({len(url) for url, _ in sources}) == 1
    everywhere = [
        page,
        me.get(f"/admin/quiz_attempt/details/?id={attempt.id}").text,
        me.get(f"/admin/quiz_attempt/history/?id={attempt.id}").text,
        me.get("/admin/quiz_attempt/export/csv/").text,
        me.get(f"/admin/quiz/details/?id={quiz.id}").text,
        me.get("/admin/search/", {"q": "right_answer"}).text.replace('value="right_answer"', ""),
    ]
    stored = files.files_of(question.id)
    secrets = ["right_answer.png", "danger.png", "panel.png"]
    secrets += [str(file[name]) for file in stored for name in ("content", "_id")]
    for text in everywhere:
        assert [secret for secret in secrets if secret in text] == []
    for url, _words in sources:
        answer = me.get(url)
        assert answer.status_code == 200
        assert answer.mimetype == "image/webp"
        assert b"SECRET" not in answer.data
        assert answer.headers["Cache-Control"] == "no-store"
        assert "right" not in str(answer.headers)
        for login in ("clerk_log", "head_sal", "hr", "supervisor"):
            assert browser_as(login).get(url).status_code == 404, login
    assert me.get(f"{address}picture/{'0' * 32}/").status_code == 404
    other = attempts.begin(pictured.company.actor("clerk_log"), quiz.id)
    theirs = re.findall(r'src="(/admin/taking/[^"]+)"', browser_as("clerk_log").get(f"/admin/taking/{other.id}/").text)
    mine = {url.rsplit("/", 2)[-2] for url, _ in sources}
    assert not mine & {url.rsplit("/", 2)[-2] for url in theirs}
    for file in stored:
        files.detach(file["_id"], actor=pictured.company.actor("hr"))
    assert me.get(sources[0][0]).status_code == 200  # an attempt keeps what was shown
    now = QuizAttempt.objects.get(id=attempt.id)
    kept = editions.lines_in(now.drawn[0].edition)[0]["pictures"]
    assert kept.keys() == {"panel.png", "right_answer.png", "danger.png"}
    changes.move(QuizAttempt, now.id, "submit", actor=pictured.company.actor("clerk_sal"), version=now.version)
    review = me.get(address).text
    assert review.count('class="of-question"') == 3
    assert "right_answer" not in review
    assert "綠色信號燈" in browser_as("hr").get(address).text


def test_printed_papers_show_them(pictured: Pictured, browser_as: Any) -> None:
    question, hr = pictured.asked_with_pictures(), pictured.company.actor("hr")
    values = {"name": "圖", "trainer": pictured.company.users["head_sal"], "questions": [question.id]}
    quiz = changes.create(catalogue["quiz"], values, actor=hr)
    quiz = changes.move(type(quiz), quiz.id, "publish", actor=hr, version=quiz.version)
    values = {"quiz": quiz.id, "held_on": clock.today(), "people": [pictured.company.users["clerk_sal"]]}
    test = changes.create(PaperTest, values, actor=hr)
    test = changes.move(PaperTest, test.id, "draw", actor=hr, version=test.version)
    (printed,) = printed_papers(test, None)["papers"][0]["questions"]
    places = [printed["pictures"], *(option["pictures"] for option in printed["options"])]
    assert sorted(len(some) for some in places) == [0, 1, 1, 1]
    assert {bytes(picture)[:4] for some in places for picture in some} == {b"RIFF"}
    assert "［控制面板］" in printed["text"]
    page = browser_as("hr").get(f"/admin/paper_test/details/?id={test.id}").text
    address = re.search(r'href="([^"]*)"[^>]*>打印試卷', page)
    assert address
    assert browser_as("hr").get(address[1].replace("&amp;", "&")).data[:5] == b"%PDF-"
