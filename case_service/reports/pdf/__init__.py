"""Reports on paper: fonts, pages, charts."""
