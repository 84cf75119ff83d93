"""The page that `dvc plots show` and `dvc plots diff` fill: DVC's own loads its drawing code from a CDN."""

VEGA_LITE = "5.21"
"""DVC's plot templates are written for Vega-Lite 5."""

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src 'self' file: data: blob:"
)
_STYLE = (
    "body { font-family: system-ui, sans-serif; margin: 1rem } "
    "table { border-spacing: 15px } img { max-width: 100% } .vega-embed { max-width: 100%; overflow-x: auto }"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="{policy}">
    {refresh_tag}
    <title>DVC plots</title>
    <style>{style}</style>
    <script>{bundle}</script>
</head>
<body>
    {plot_divs}
</body>
</html>
"""


def offline_template() -> str:
    """Return an HTML template for DVC's option `plots.html_template` that draws without a network.

    DVC replaces `{plot_divs}` and `{refresh_tag}`; the place for its script tags is left out, for they point at a CDN.
    Vega, Vega-Lite and Vega-Embed stand in the page itself.

    Returns:
        The template, about 900 kB.

    Raises:
        RuntimeError: if the bundle would end its own script element or holds a placeholder of DVC's.
    """
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    for breaking in ("</script", "<!--", "{plot_divs}", "{scripts}", "{refresh_tag}"):
        if breaking in bundle.lower():
            raise RuntimeError(f"the Vega bundle of vl-convert-python holds {breaking!r}; pin version 1.9")
    # A scope of its own: the bundle's one-letter constants would collide with the page's global variables.
    scoped = f"(function () {{{bundle}\n}})();"
    return _PAGE.replace("{policy}", _POLICY).replace("{style}", _STYLE).replace("{bundle}", scoped)
