"""`make page-weight`: what the page weighs, file by file, as it is sent (gzip)."""

import sys

from query_api.adapters.page_files import read_page

_MOST_BYTES = 300_000


def main() -> int:
    """Print it; 1 where all of it together is heavier than it may be."""
    files = read_page().files
    rows = sorted(((len(file.gzipped), len(file.body), name) for name, file in files.items()))
    lines = [f"{sent:>9,} {plain:>9,}  {name}" for sent, plain, name in reversed(rows)]
    total = sum(sent for sent, _, _ in rows)
    # What a first look at the market takes: no chart, no editor.
    lazy = ("vendor/", "views/", "docs", "chart", "editor", "grid")
    first = sum(sent for sent, _, name in rows if not name.startswith(lazy) or "market" in name)
    lines += [
        f"{total:>9,} bytes in all, of at most {_MOST_BYTES:,}",
        f"{first:>9,} bytes until the market is there",
    ]
    sys.stdout.write("     sent     plain  file\n" + "\n".join(lines) + "\n")
    return int(total > _MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
