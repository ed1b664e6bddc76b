package dev.tidemill.admin.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.admin.TestServer;
import dev.tidemill.evaluate.Evaluate;
import dev.tidemill.run.Control;
import dev.tidemill.run.RunEvent;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/// A canary that fell pauses the schedules that change the corpus.
class RecallPauseTest {

    @TempDir
    private Path folder;

    @Test
    void schedulesOfTheJobsAndTheProjectNamedByTheAlertArePausedAndNoOthers() throws Exception {
        for (String name : List.of("ours", "other")) {
            Files.writeString(folder.resolve(name + ".yaml"), """
                    job: ingest
                    cron: 0 0 3 1 1 ?
                    parameters:
                      location: /srv/documents
                      project: %s
                    """.formatted(name.equals("ours") ? "default" : "other"));
        }
        try (TestServer server = new TestServer("tidemill.schedules.folder=" + folder)) {
            ScheduleStore store = server.bean(ScheduleStore.class);
            SchedulesClock clock = server.bean(SchedulesClock.class);
            clock.reload();
            UUID workspace = server.bean(StartWorkspace.class).id();
            Control control = server.bean(Control.class);
            List<Runnable> later = new ArrayList<>();
            RecallPause pause = new RecallPause(
                    server.bean(JdbcClient.class), store, () -> server.bean(Operations.class), later::add);

            control.run(() -> pause.observe(ended(workspace, 7)));
            assertThat(later).as("nothing fell").isEmpty();

            control.run(() -> {
                server.bean(Outbox.class)
                        .raise(new Event(
                                workspace,
                                Evaluate.DROPPED,
                                Severity.ERROR,
                                "quality/default/some/hybrid",
                                "fell",
                                Map.of("project", "default", "runId", 7, "pauses", List.of("ingest"))));
                pause.observe(ended(workspace, 7));
                assertThat(later).as("not before it is so").isEmpty();
            });
            later.forEach(Runnable::run);

            assertThat(store.all())
                    .filteredOn(SavedSchedule::paused)
                    .extracting(SavedSchedule::name)
                    .containsExactly("ours");
        }
    }

    private static RunEvent ended(UUID workspace, long run) {
        return new RunEvent(
                RunEvent.Kind.COMPLETED, workspace, Evaluate.JOB, "evaluate as canary", "test", 1, run, null, 0);
    }
}
