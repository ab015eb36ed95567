"""Pages: each module is one page, with its template of the same name in ``templates/pages``."""
