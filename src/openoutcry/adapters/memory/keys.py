"""API keys in a dictionary: for tests and for exchanges that live no longer than their process."""

from openoutcry.ports.users import ApiKey


class MemoryApiKeys:
    """`ApiKeys` by name, in the order in which they were added."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._suspended: dict[str, ApiKey] = {}

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key, or None."""
        key = self._keys.get(api_key)
        return None if key is None or api_key in self._suspended else key

    def of_account(self, account_id: int) -> list[ApiKey]:
        """Return the keys of an account, oldest first."""
        return [key for key in self._keys.values() if key.account_id == account_id]

    def add(self, key: ApiKey) -> None:
        """Keep a new key; raises ValueError when its name is taken."""
        if key.api_key in self._keys:
            raise ValueError("this API key exists already")
        self._keys[key.api_key] = key

    def revoke(self, api_key: str) -> bool:
        """Forget a key; False when there is none."""
        self._suspended.pop(api_key, None)
        return self._keys.pop(api_key, None) is not None

    def suspend(self, account_id: int) -> int:
        """Have no key of an account be found until `resume`; returns how many it has."""
        keys = self.of_account(account_id)
        self._suspended.update({key.api_key: key for key in keys})
        return len(keys)

    def resume(self, account_id: int) -> int:
        """Have the keys of an account be found again; returns how many it has."""
        keys = self.of_account(account_id)
        for key in keys:
            self._suspended.pop(key.api_key, None)
        return len(keys)
