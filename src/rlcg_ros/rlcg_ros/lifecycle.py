# SPDX-License-Identifier: Apache-2.0
"""A lifecycle node that can start itself, and whose failures are one line each."""

import traceback
from collections.abc import Callable

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from rlcg_core.errors import RlcgError


class ManagedNode(LifecycleNode):  # type: ignore[misc]  # rclpy has no types
    """Lifecycle node with four hooks that raise `RlcgError` when they cannot do their part.

    ``setup`` on configure, ``start`` on activate, ``stop`` on deactivate and before the process
    ends, ``teardown`` on cleanup. ``autostart``: configure and activate without a manager.
    """

    autostart = False
    failure: Exception | None = None
    active = False

    def setup(self) -> None:
        """Load and verify what the node needs; nothing moves."""

    def start(self) -> None:
        """Begin to act."""

    def stop(self) -> None:
        """Cease to act; what must be the last message is sent here, and acknowledged."""

    def teardown(self) -> None:
        """Release what ``setup`` made."""

    def begin(self) -> None:
        """Configure and activate if ``autostart`` asks for it; raises what failed."""
        if not self.autostart:
            return
        self.trigger_configure()
        if self.failure is None:
            self.trigger_activate()
        if self.failure is not None:
            raise self.failure

    def before_exit(self) -> None:
        """Stop if the node is active; called while messages can still be sent."""
        if self.active:
            self.trigger_deactivate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``setup``."""
        return self._attempt(self.setup, lambda: super(ManagedNode, self).on_configure(state))

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``start``."""
        result = self._attempt(self.start, lambda: super(ManagedNode, self).on_activate(state))
        self.active = result == TransitionCallbackReturn.SUCCESS
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``stop``."""
        self.active = False
        return self._attempt(self.stop, lambda: super(ManagedNode, self).on_deactivate(state))

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``teardown``."""
        return self._attempt(self.teardown, lambda: super(ManagedNode, self).on_cleanup(state))

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``stop`` if the node is active."""
        hook = self.stop if self.active else (lambda: None)
        self.active = False
        return self._attempt(hook, lambda: super(ManagedNode, self).on_shutdown(state))

    def _attempt(
        self, hook: Callable[[], None], follow: Callable[[], TransitionCallbackReturn]
    ) -> TransitionCallbackReturn:
        self.failure = None
        try:
            hook()
        except RlcgError as error:
            self.failure = error
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # a defect, which rclpy would swallow without a word
            self.failure = error
            self.get_logger().fatal(traceback.format_exc())
            return TransitionCallbackReturn.FAILURE
        return follow()
