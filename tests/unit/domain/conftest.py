from hypothesis import settings

settings.register_profile("domain", max_examples=60, deadline=None)  # the machine may be busy
settings.load_profile("domain")
