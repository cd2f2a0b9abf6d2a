"""The one kind of error that a person reads.

Everything below the window raises `UserError` for bad input: a file, a folder, a number, an argument. Its sentence
says what is wrong and what to do. The template and its values are kept apart so that the window can translate the
template; `str(error)` is the English sentence, which the command line prints.
"""

from __future__ import annotations


class UserError(Exception):
    """Bad input, told in one sentence.

    Args:
        template: the sentence, with `{name}` where a value stands.
        values: what fills the template.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template.format(**values) if values else template)
        self.template = template
        self.values = values
