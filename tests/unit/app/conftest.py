from site_of_fakes import site

__all__ = ["site"]
