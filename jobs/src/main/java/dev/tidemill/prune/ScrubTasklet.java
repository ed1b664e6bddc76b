package dev.tidemill.prune;

import dev.tidemill.prune.Oblivion.Request;
import dev.tidemill.store.Workspaces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Takes what names the forgotten out of everything that is no document: query log, dead letters, messages of runs,
/// audit, events, and the files of the data folder.
final class ScrubTasklet implements Tasklet {

    /// A location that is shorter stands in too much that has nothing to do with it.
    private static final int SHORTEST_LOCATION = 8;

    private final ForgetRequests requests;
    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Oblivion oblivion;
    private final @Nullable Path home;

    ScrubTasklet(
            ForgetRequests requests, Workspaces workspaces, JdbcClient jdbc, Oblivion oblivion, @Nullable Path home) {
        this.requests = requests;
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.oblivion = oblivion;
        this.home = home;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        UUID workspaceId = ForgetRequests.workspace(contribution.getStepExecution());
        Request request = requests.of(contribution.getStepExecution());
        workspaces.run(workspaceId, () -> {
            Map<String, Long> removed = new LinkedHashMap<>(Traces.erase(jdbc, request.text()));
            if (request.kind().equals("source") && request.sourceId() != null) {
                forgetSource(workspaceId, request.sourceId(), removed);
            }
            if (home != null && request.ofText()) {
                removed.put("files", files(home, request.text()));
            }
            oblivion.count(workspaceId, request, removed);
        });
        return RepeatStatus.FINISHED;
    }

    private void forgetSource(UUID workspaceId, UUID source, Map<String, Long> removed) {
        Optional<String> location = oblivion.location(workspaceId, source);
        if (location.isEmpty()) {
            return;
        }
        if (home != null && Path.of(location.get()).startsWith(home)) {
            removed.put("files", delete(Path.of(location.get())));
        }
        oblivion.dropSource(workspaceId, source);
        removed.put("sources", 1L);
        if (location.get().length() >= SHORTEST_LOCATION) {
            Traces.erase(jdbc, location.get()).forEach((place, rows) -> removed.merge(place, rows, Long::sum));
        }
    }

    /// Logs keep their lines without the text; what waits to be ingested, or was left behind, goes whole.
    private static long files(Path home, String text) {
        long changed = 0;
        for (Path folder : folders(home)) {
            for (Path file : Traces.inFiles(folder, text)) {
                boolean log = folder.endsWith("logs") && !file.toString().endsWith(".gz");
                if (log) {
                    Traces.overwrite(file, text);
                } else {
                    deleteFile(file);
                }
                changed++;
            }
        }
        return changed;
    }

    static List<Path> folders(Path home) {
        return List.of(home.resolve("logs"), home.resolve("uploads"), home.resolve("spool"));
    }

    private static long delete(Path folder) {
        long deleted = 0;
        if (!Files.isDirectory(folder)) {
            return deleted;
        }
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                deleteFile(file);
                deleted++;
            }
            return deleted;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot empty " + folder + ": " + e.getMessage(), e);
        }
    }

    private static void deleteFile(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove a file under " + file.getParent() + ": " + e.getMessage(), e);
        }
    }
}
