"""Help texts that show how a command is used."""


def examples(*lines: str) -> str:
    """The end of a help text: commands to copy, a line each."""
    return "\n".join(["**Examples**", "", "```console", *lines, "```"])
