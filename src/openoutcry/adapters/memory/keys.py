"""API keys in a dictionary: for tests and for exchanges that live no longer than their process."""

from openoutcry.ports.users import ApiKey


class MemoryApiKeys:
    """`ApiKeys` by name, in the order in which they were added."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key, or None."""
        return self._keys.get(api_key)

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
        return self._keys.pop(api_key, None) is not None
