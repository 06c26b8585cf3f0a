"""
Makes, watches, renews and deletes the service's own webhook subscription.

A create is noted and committed before it is asked for, for its answer may get lost and the secret
with it: the next run finds what came of it by its address among those that were not there before.
Every run goes on from what is stored and what the marketplace lists; doing it again is harmless.
Subscriptions that were not made here are never changed or deleted.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from app.ankorstore.subscriptions import AnkorstoreSubscriptions, Application, Subscription
from app.domain.jobs import RECONCILE
from app.errors import NotReady, NotYet, Rejected
from app.sealing import Sealer
from app.store.session import Store
from app.store.webhook_rows import (
    AlreadyUnderWay,
    OurSubscription,
    Standing,
    activate,
    drop_intent,
    drop_old_secrets,
    end,
    forget_secrets,
    keep_secret,
    load_ours,
    note_intent,
    note_unusable,
    replace_target,
    retire_all,
)
from app.store.webhook_watch import (
    let_go_of_webhook,
    load_webhook_watch,
    manage_webhook,
    note_webhook,
)
from app.subscribing.judging import (
    HANDLED_EVENTS,
    find_application,
    ours_of,
    unanswered,
    what_is_wrong,
    what_was_lost,
)

PEER = "ankorstore"
ANNOUNCE_SECONDS = 2.0
"""The receivers look every second whether a secret may come; so long a create waits for them."""
SETTLE_SECONDS = 30.0
"""So long after its intent a create without an answer may still show."""
REMEMBER = timedelta(days=1)
"""So long what shows later still is told as ours."""
OVERLAP_SECONDS = 30.0
OLD_SECRET_SECONDS = 86_400.0
"""A delivery may be repeated late; so long the secret of a subscription that is gone counts."""

log = structlog.get_logger(__name__)


class NotManaged(Exception):
    """No person had this service register the subscription."""


class Keeper:
    """One application's subscription. Only one process at a time may use it: hold the job."""

    def __init__(
        self,
        store: Store,
        subscriptions: AnkorstoreSubscriptions,
        sealer: Sealer,
        *,
        client_id: str,
        url: str | None,
        path: str,
    ) -> None:
        """Keep one that leads to *url*; None leaves it where it leads."""
        self._store = store
        self._subscriptions = subscriptions
        self._sealer = sealer
        self._client_id = client_id
        self._url = url
        self._path = path

    async def read_application(self) -> Application:
        """
        Return our application with all its subscriptions.

        Raises:
            NotReady: The marketplace lists none with our client id.
        """
        listed = await self._subscriptions.list_applications()
        found = find_application(listed, self._client_id)
        if found is None:
            raise NotReady(
                PEER,
                "list applications",
                detail="no application has our client id",
                resolution="See at Ankorstore that the application of ANKORSTORE_CLIENT_ID exists.",
            )
        return found

    async def check(self) -> str:
        """Look once and repair what is ours; return in one line how it is."""
        await self._look_after_secrets()
        application = await self.read_application()
        await self._settle(application)
        await self._delete_due(OLD_SECRET_SECONDS)
        watch = await load_webhook_watch(self._store)
        if not watch.is_managed:
            problem = what_is_wrong(application.subscriptions, self._path, self._url)
            if problem is not None and watch.let_go_at is not None:
                await self._note(problem, is_missed=False)
                return f"{problem}; {watch.let_go_by} deleted ours"
            await self._note(problem)
            return problem or "a webhook subscription leads here"
        done = await self._repair(application, by=watch.managed_by or "")
        await self._note(None)
        return done or "our webhook subscription is as it should be"

    async def register(self, *, by: str) -> str:
        """Have the service look after the subscription from now on, and make it."""
        await manage_webhook(self._store, by=by)
        return await self.check()

    async def rotate(self, *, by: str, overlap_seconds: float, keeps_old_secret: bool) -> None:
        """
        Replace the subscription by a new one with a secret of its own.

        Both tell for *overlap_seconds*, then the old one is deleted. Its secret still counts a
        while, unless it must not: then deliveries that are under way are refused.

        Raises:
            NotManaged: There is none of ours.
        """
        if not (await load_webhook_watch(self._store)).is_managed:
            raise NotManaged
        await self.check()
        application = await self.read_application()
        await self._create(application, by=by, overlap_seconds=overlap_seconds)
        await self._store.clock.sleep(overlap_seconds)
        await self._delete_due(OLD_SECRET_SECONDS)
        if not keeps_old_secret:
            await drop_old_secrets(self._store)
            await forget_secrets(self._store)

    async def delete(self, *, by: str) -> int:
        """Delete every subscription of ours, and look after none any more; return how many."""
        application = await self.read_application()
        await let_go_of_webhook(self._store, by=by)
        await self._settle(application)
        await retire_all(self._store)
        return await self._delete_due(OLD_SECRET_SECONDS)

    async def _note(self, problem: str | None, *, is_missed: bool = True) -> None:
        is_up = None if problem and not is_missed else problem is None
        await note_webhook(self._store, is_up=is_up, problem=problem, reconcile_job=RECONCILE)

    async def _look_after_secrets(self) -> None:
        """Erase what does not count any more; have the newest key open the rest."""
        await forget_secrets(self._store)
        for row in await load_ours(self._store):
            sealed = row.secret_encrypted
            if sealed is None or self._sealer.is_newest(sealed):
                continue
            if (secret := self._sealer.open(sealed)) is not None:
                await keep_secret(self._store, row.id, self._sealer.seal(secret))

    async def _settle(self, application: Application) -> None:
        """
        Find out what became of creates whose answer was lost.

        Raises:
            NotYet: One may still show.
        """
        rows = await load_ours(self._store)
        now = self._store.now()
        for intent in unanswered(rows):
            found = ours_of(intent, application.subscriptions, rows)
            is_open = intent.state == Standing.CREATING
            if found and (is_open or now - intent.created_at < REMEMBER):
                await self._adopt(intent, found)
            elif is_open:
                waits = SETTLE_SECONDS - (now - intent.created_at).total_seconds()
                if waits > 0:
                    raise NotYet(PEER, "create subscription", retry_after_seconds=waits)
                await drop_intent(self._store, intent.id, is_refused=False)

    async def _adopt(self, intent: OurSubscription, found: Sequence[Subscription]) -> None:
        known = next((one for one in found if one.signing_secret), None)
        if intent.state == Standing.CREATING and known is not None:
            await self._activate(intent.id, known, OVERLAP_SECONDS)
        elif len(found) == 1:
            # Nobody knows its secret, or another took its place since.
            secret = found[0].signing_secret
            sealed = self._sealer.seal(secret) if secret else None
            await note_unusable(self._store, intent.id, found[0].subscription_id, sealed)
        else:
            log.error("webhook.not_told_apart", subscriptions=len(found))
            await drop_intent(self._store, intent.id, is_refused=True)

    async def _activate(self, row_id: int, made: Subscription, overlap_seconds: float) -> None:
        assert made.signing_secret is not None, "whoever calls this looked"
        sealed = self._sealer.seal(made.signing_secret)
        await activate(
            self._store, row_id, made.subscription_id, sealed, overlap_seconds=overlap_seconds
        )
        log.info("webhook.registered", subscription_id=made.subscription_id)

    async def _repair(self, application: Application, *, by: str) -> str | None:
        """Bring our subscription to what it should be; return what had to be done."""
        ours = _active(await load_ours(self._store))
        if ours is None:
            if not (await load_webhook_watch(self._store)).is_up:
                await self._note("our webhook subscription is not made yet")
            await self._create(application, by=by)
            return "our webhook subscription was made"
        lost = what_was_lost(ours, application.subscriptions)
        if lost is not None:
            await self._note(lost)  # told even if the repair fails
            log.error("webhook.lost", problem=lost)
        listed = _listed(application, ours)
        if listed is None:
            await end(self._store, ours.id, secret_seconds=OLD_SECRET_SECONDS)
            await self._create(application, by=by)
            return f"{lost}; repaired"
        is_moved = self._url not in (None, ours.url)
        if lost is not None or is_moved:
            await self._lead_here(application, ours, by=by)
        await self._keep_its_secret(application, ours, listed, by=by)
        if lost is not None:
            return f"{lost}; repaired"
        return "our webhook subscription was led to PUBLIC_URL" if is_moved else None

    async def _lead_here(self, application: Application, ours: OurSubscription, *, by: str) -> None:
        """Set address and events again; where that is refused, replace the subscription."""
        url = self._url or ours.url
        assert ours.subscription_id is not None, "it was listed"
        try:
            await self._subscriptions.update_subscription(ours.subscription_id, url, ours.events)
        except Rejected as refusal:
            log.warning("webhook.not_changed", error=str(refusal))
            await self._create(application, by=by)
        else:
            await replace_target(self._store, ours.id, url, ours.events)

    async def _keep_its_secret(
        self, application: Application, ours: OurSubscription, listed: Subscription, *, by: str
    ) -> None:
        """Take over a secret that was changed there; replace one whose secret is lost."""
        sealed = ours.secret_encrypted
        known = self._sealer.open(sealed) if sealed is not None else None
        if listed.signing_secret is not None:
            if listed.signing_secret != known:
                await keep_secret(self._store, ours.id, self._sealer.seal(listed.signing_secret))
        elif known is None:
            log.error("webhook.secret_lost", subscription_id=ours.subscription_id)
            await self._create(application, by=by)

    async def _create(
        self, application: Application, *, by: str, overlap_seconds: float = OVERLAP_SECONDS
    ) -> None:
        self._require_key()
        ours = _active(await load_ours(self._store))
        url = self._url or (ours.url if ours is not None else None)
        if url is None:
            raise NotReady(
                PEER,
                "create subscription",
                resolution="Set PUBLIC_URL to the address Ankorstore reaches this service at.",
            )
        events = await self._wanted_events()
        known = [one.subscription_id for one in application.subscriptions]
        try:
            row_id = await note_intent(self._store, url=url, events=events, known_ids=known, by=by)
        except AlreadyUnderWay:
            raise NotYet(PEER, "create subscription", retry_after_seconds=SETTLE_SECONDS) from None
        await self._store.clock.sleep(ANNOUNCE_SECONDS)
        try:
            made = await self._subscriptions.create_subscription(
                application.application_id, url, events
            )
        except Rejected:
            await drop_intent(self._store, row_id, is_refused=True)
            raise
        if made.signing_secret is None:
            made = _listed_by_id(await self.read_application(), made)
        if made.signing_secret is None:
            await note_unusable(self._store, row_id, made.subscription_id, None)
            raise NotReady(
                PEER,
                "create subscription",
                detail="its signing secret is not shown",
                resolution="Subscribe by hand at Ankorstore (docs/webhooks.md).",
            )
        await self._activate(row_id, made, overlap_seconds)

    def _require_key(self) -> None:
        if not self._sealer.has_key:
            raise NotReady(
                PEER,
                "create subscription",
                resolution="Set ENCRYPTION_KEY, which the secret is kept with: "
                "openssl rand -base64 32.",
            )

    async def _wanted_events(self) -> list[str]:
        offered = await self._subscriptions.list_webhook_events()
        wanted = [name for name in HANDLED_EVENTS if name in offered]
        if not wanted:
            raise NotReady(
                PEER,
                "list webhook events",
                resolution="Ankorstore offers none of the events; ask its support.",
            )
        return wanted

    async def _delete_due(self, secret_seconds: float) -> int:
        """Delete what was replaced and has overlapped long enough; return how many."""
        now = self._store.now()
        due = [
            row
            for row in await load_ours(self._store)
            if row.state == Standing.RETIRING
            and row.delete_after_at is not None
            and row.delete_after_at <= now
        ]
        for row in due:
            assert row.subscription_id is not None, "what is not known is not replaced"
            await self._subscriptions.delete_subscription(row.subscription_id)
            await end(self._store, row.id, secret_seconds=secret_seconds)
            log.info("webhook.deleted", subscription_id=row.subscription_id)
        return len(due)


def _active(rows: Sequence[OurSubscription]) -> OurSubscription | None:
    return next((row for row in rows if row.state == Standing.ACTIVE), None)


def _listed(application: Application, ours: OurSubscription) -> Subscription | None:
    ids = {one.subscription_id: one for one in application.subscriptions}
    return ids.get(ours.subscription_id or "")


def _listed_by_id(application: Application, made: Subscription) -> Subscription:
    ids = {one.subscription_id: one for one in application.subscriptions}
    return ids.get(made.subscription_id, made)
