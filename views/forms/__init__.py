"""What people type: inputs made from declarations, how it is read, unsaved drafts, two who changed one record."""
