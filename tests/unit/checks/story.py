"""Small histories and observations for tests."""

from kitlib.checks import History, Observation
from kitlib.client import Change


class Story:
    """Writes changes with growing revisions."""

    def __init__(self):
        self.changes = []

    def add(self, type, kind, name, uid, **state):
        revision = len(self.changes) + 1
        initial = state.pop("initial", False)
        self.changes.append(Change(float(revision), type, kind, name, uid, revision, initial, state))
        return self

    def pod(self, type, name, uid, **state):
        return self.add(type, "Pod", name, uid, **state)

    def claim(self, type, name, uid, **state):
        return self.add(type, "PersistentVolumeClaim", name, uid, **state)

    @property
    def history(self):
        return History(self.changes)

    def observation(self, **objects):
        return Observation("lab", objects={kind: tuple(found) for kind, found in objects.items()}, history=self.history)
