"""Seeds are fixed in the normal run; `make test-all` draws new ones and prints what fails.

No test reads or writes the user's cache of mappings: each searches anew, unless it names a file.
"""

import os

from hypothesis import settings

os.environ["PICOJOULE_CACHE"] = ""

settings.register_profile("fixed", derandomize=True, print_blob=True)
settings.register_profile("random", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
