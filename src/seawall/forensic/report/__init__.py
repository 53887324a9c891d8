"""What a person and a program get from a Trace: a document, a terminal's report, a page."""
