"""Which tests go to the same worker: those of one file, but the proof of each lab is a matter of its own."""

from xdist.scheduler import LoadScopeScheduling


class ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return nodeid if file.endswith("/test_proof.py") else file


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)
