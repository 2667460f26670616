"""Sends requests to registries: signs in on demand, retries transient failures, and explains refusals."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Final

from msgspec import Struct

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.registries import Registries
from sealock.net.http.connections import reach_of
from sealock.net.registry.auth import Authorizer, withheld_message
from sealock.net.registry.credentials import Credentials
from sealock.net.registry.manifests import strict_json
from sealock.net.registry.names import host_of
from sealock.net.transport import BrokenOffError, NotListeningError, NoTlsError, Response, Transport, parts_of, shown
from sealock.text import count, is_or_are

ATTEMPTS: Final = 5
_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that a retry may not meet."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
_LONGEST_WAIT: Final = 60.0
"""Longest Retry-After in seconds that is waited; with a longer one there is no retry."""
_DAY: Final = 86_400.0
_LONGEST_SILENCE: Final = 60.0
"""Seconds after which a server that breaks off or times out is given up, whatever the number of attempts."""
_ERROR: Final = 64 << 10


class RateLimit(Struct, frozen=True):
    """A registry's rate limit: pulls granted, pulls left, and the window in seconds."""

    limit: int
    remaining: int
    window: int = 0


class RegistryError(TransportError):
    """A registry refused. `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class RequestOptions(Struct, frozen=True):
    """The optional parts of a request.

    `host` is a mirror's, "" for the registry's own. `others` are further repositories that the request reads.
    `named_by` is the URL whose answer named this one. Without `retry`, the request is sent once.
    """

    actions: str = "pull"
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    accepted: Container[int] = (200,)
    host: str = ""
    others: tuple[str, ...] = ()
    named_by: str = ""
    retry: bool = True


_DEFAULT: Final = RequestOptions()


class RegistryRequests:
    """Sends requests to registries. Thread-safe."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        settings: Registries,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport, self.settings, self._pause = transport, settings, pause
        self.authorizer = Authorizer(transport, credentials, settings)
        self._lock = Lock()
        self._bases: dict[str, str] = {}
        self._silent: dict[str, tuple[float, str]] = {}
        """When and why hosts were given up."""
        self.limits: dict[str, RateLimit] = {}
        """By registry host, as last received."""

    def few_left(self) -> Iterator[str]:
        """Say how many pulls are left where a registry allows less than a fifth of its limit."""
        for host, limit in self.limits.items():
            if limit.remaining * 5 < limit.limit:
                pulls = count(limit.limit, "pull")
                yield f"{host}: {limit.remaining} of {pulls} {is_or_are(limit.remaining)} left"

    def send(self, name: ImageName, method: str, path: str, options: RequestOptions = _DEFAULT) -> Response:
        """Send a request for a repository (`path` below /v2/NAME/) and give an answer of an accepted status.

        RegistryError for any other status, TransportError where there is no answer.
        """
        url = f"{self.base(options.host or host_of(name))}/v2/{name.repository}/{path}"
        return self.send_to(name, method, url, options)

    def send_to(self, name: ImageName, method: str, url: str, options: RequestOptions = _DEFAULT) -> Response:
        """Send a request for a repository to a whole URL; see send."""
        host = options.host or host_of(name)
        begun = time.monotonic()
        self._check_given_up(host, begun)
        attempts = ATTEMPTS if options.retry else 1
        for attempt in range(attempts):
            last = attempt == attempts - 1
            try:
                answer = self._send_signed_in(name, host, method, url, options)
            except BrokenOffError as error:
                self.note_silence(host, begun, error)
                if last or given_up(begun):
                    raise
                self._rest(attempt)
                continue
            self._note_limit(host, answer)
            if answer.status in options.accepted:
                return answer
            wait = _retry_after(answer)
            if last or answer.status not in _TRANSIENT or (wait is not None and wait > _LONGEST_WAIT):
                raise self.refusal(name, host, answer)
            answer.close()
            self._rest(attempt, wait)
        raise AssertionError  # the last attempt returns or raises

    def note_silence(self, host: str, begun: float, error: BrokenOffError) -> None:
        """Remember a host that is given up, if a request begun then is: the next request need not wait too."""
        if given_up(begun):
            with self._lock:
                self._silent[host] = time.monotonic(), str(error)

    def _check_given_up(self, host: str, now: float) -> None:
        with self._lock:
            silent = self._silent.get(host)
        if silent is not None and now - silent[0] < _LONGEST_SILENCE:
            message = f"{host} failed less than a minute ago: {silent[1]}"
            raise BrokenOffError(message)

    def base(self, host: str) -> str:
        """SCHEME://HOST of a registry. Plain HTTP is tried last, for loopback and hosts that the policy allows."""
        with self._lock:
            known = self._bases.get(host)
        if known is None:
            known = f"https://{host}"
            if self._allows_plain_http(host):
                try:
                    self.transport.request("GET", f"{known}/v2/").close()
                except (NoTlsError, NotListeningError):
                    known = f"http://{host}"
            with self._lock:
                self._bases[host] = known
        return known

    def _allows_plain_http(self, host: str) -> bool:
        bare = host if host.endswith("]") else host.rpartition(":")[0] or host
        return reach_of(bare) == "loopback" or bool({host, bare} & set(self.settings.insecure))

    def _send_signed_in(self, name: ImageName, host: str, method: str, url: str, options: RequestOptions) -> Response:
        """Send a request; after 401, sign in and send it again."""
        others = (f"repository:{other}:pull" for other in options.others)
        scopes = (f"repository:{name.repository}:{options.actions}", *others)
        own = _origin(url) == _origin(self.base(host))
        for attempt in (1, 2):
            authorization = self.authorizer.authorization(host, name.repository, scopes) if own else ""
            headers = {**options.headers, "authorization": authorization} if authorization else options.headers
            answer = self.transport.request(method, url, headers=headers, body=options.body, named_by=options.named_by)
            if answer.status != 401 or attempt == 2 or not own or _origin(answer.url) != _origin(url):
                return answer
            if not self.authorizer.learn(host, url, answer.headers.get("www-authenticate", ""), scopes):
                return answer
            answer.close()
        raise AssertionError  # the second attempt returns

    def rest(self, attempt: int) -> None:
        """Wait before another attempt, longer each time."""
        self._rest(attempt)

    def _rest(self, attempt: int, wait: float | None = None) -> None:
        pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
        # Jitter: clients that failed together must not retry together.
        self._pause((wait or 0.0) + pause * random.uniform(0.5, 1.0))  # noqa: S311  no secret

    def _note_limit(self, host: str, answer: Response) -> None:
        limit, window = _read_limit(answer.headers.get("ratelimit-limit", ""))
        remaining, _ = _read_limit(answer.headers.get("ratelimit-remaining", ""))
        if limit is not None and remaining is not None:
            self.limits[host] = RateLimit(limit, remaining, window or 0)

    def refusal(self, name: ImageName, host: str, answer: Response) -> RegistryError:
        """The error for a status, with the registry's message; closes the answer."""
        where, status = f"{name.registry}/{name.repository}", answer.status
        message = self._message(answer)
        wait = _retry_after(answer)
        when = f"in {wait:.0f} s" if wait is not None and wait <= _DAY else "later"
        answer.close()
        if status == 401 and host in self.authorizer.withheld:
            words = withheld_message(host, self.authorizer.withheld[host])
        elif status in {401, 403}:
            words = f"{where}: not allowed. Is the name right? If so, run `docker login {name.registry}`"
        elif status == 404:
            what = shown(answer.url).rpartition("/")[2][:100]
            words = f"{where}{'@' if ':' in what else ':'}{what} does not exist"
        elif status == 429:
            limit = self.limits.get(host)
            left = f" ({limit.remaining} of {limit.limit} pulls left)" if limit else ""
            words = f"{where}: the registry's rate limit is exceeded{left}. Sign in, use a mirror, or try again {when}"
        elif 300 <= status < 400:
            words = f"{where}: the registry answers {status} with a redirect that cannot be followed"
        elif status >= 500:
            words = f"{where}: the registry failed with status {status}. Try again {when}"
        else:
            words = f"{where}: the registry answers {status} to {shown(answer.url)}"
        return RegistryError(words + message, status)

    def _message(self, answer: Response) -> str:
        """The registry's error message, "" where it is not readable."""
        try:
            table = strict_json(answer.read(_ERROR))
            first = table["errors"][0]
            words = f"{first['code']}: {first['message']}"
        except (TransportError, LookupError, TypeError):
            return ""
        return f" (it says {self.authorizer.redact(words)[:200]!r})"


def given_up(begun: float) -> bool:
    """Whether a request begun at that moment (by the monotonic clock) has taken too long to retry."""
    return time.monotonic() - begun >= _LONGEST_SILENCE


def _origin(url: str) -> tuple[str, str]:
    parts = parts_of(url)
    return parts.scheme, parts.netloc


def _read_limit(text: str) -> tuple[int | None, int | None]:
    """Read "100;w=21600" of RateLimit headers."""
    number, _, rest = text[:100].partition(";")
    number, window = number.strip(), rest.strip().removeprefix("w=")
    return (
        int(number) if number.isascii() and number.isdigit() else None,
        int(window) if window.isascii() and window.isdigit() else None,
    )


def _retry_after(answer: Response) -> float | None:
    """The seconds of Retry-After, which is a number or a date."""
    text = answer.headers.get("retry-after", "").strip()[:100]
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
