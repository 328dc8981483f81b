"""A model's own report, shown in a frame that may load nothing and run nothing."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
META = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'


def locked(html: str) -> str:
    """The same page, which now neither asks anybody for anything nor runs scripts."""
    head, found, rest = html.partition("<head>")
    return f"{head}{found}{META}{rest}" if found else f"<!doctype html><html><head>{META}</head>{html}</html>"
