package dev.tidemill.run.alerts;

import dev.tidemill.run.RunEvent;
import dev.tidemill.run.RunObserver;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// Makes events of what happens to runs. The trouble of a job with a subject is one trouble, over all its runs,
/// until one of them completes.
final class RunAlerts implements RunObserver {

    private final Outbox outbox;

    RunAlerts(Outbox outbox) {
        this.outbox = outbox;
    }

    @Override
    public void observe(RunEvent event) {
        String what = "Run " + event.runId() + " of " + event.job() + " on " + event.subject();
        String why = event.message() == null || event.message().isBlank() ? "" : ": " + event.message();
        switch (event.kind()) {
            case STARTED -> {}
            case COMPLETED -> {
                outbox.add(of(event, Severity.INFO, what + " completed"));
                resolve(event, what + " completed");
            }
            case COMPLETED_WITH_SKIPS -> {
                outbox.add(of(
                        event, Severity.WARNING, what + " completed; " + event.refused() + " items were given up on"));
                resolve(event, what + " completed");
            }
            case STOPPED -> outbox.add(of(event, Severity.INFO, what + " was stopped" + why));
            case FAILED -> outbox.replace(of(event, Severity.ERROR, what + " failed" + why));
            case RETRYING ->
                outbox.replace(of(event, Severity.WARNING, what + " failed and is tried again by itself" + why));
            case RECOVERED -> outbox.add(of(event, Severity.WARNING, what + " is gone on with" + why));
            case NEEDS_OPERATOR -> outbox.replace(of(event, Severity.CRITICAL, what + " needs an operator" + why));
            case ABANDONED -> {
                outbox.add(of(event, Severity.INFO, what + " was given up" + why));
                resolve(event, what + " was given up");
            }
        }
    }

    private void resolve(RunEvent event, String message) {
        outbox.resolve(event.workspaceId(), key(event), message);
    }

    private static String key(RunEvent event) {
        return "run/" + event.job() + "/" + event.subject();
    }

    private static Event of(RunEvent event, Severity severity, String message) {
        Map<String, Object> data = new HashMap<>();
        data.put("job", event.job());
        data.put("subject", event.subject());
        data.put("origin", event.origin());
        data.put("launchId", event.launchId());
        data.put("runId", event.runId());
        data.put("refused", event.refused());
        return new Event(
                event.workspaceId(),
                "run." + event.kind().name().toLowerCase(Locale.ROOT),
                severity,
                key(event),
                message,
                data);
    }
}
