package dev.tidemill.ingest;

import dev.tidemill.run.DeadLetter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Versions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/// Tries refused documents again: what was refused while it was read is read once more from its stored original,
/// what was refused while it was listed is listed once more. One ingest for each source does it.
final class IngestReplay {

    private static final int UUID_LENGTH = 36;

    private final Projects projects;
    private final Versions versions;

    IngestReplay(Projects projects, Versions versions) {
        this.projects = projects;
        this.versions = versions;
    }

    List<LaunchRequest> replay(UUID workspaceId, List<DeadLetter> letters) {
        versions.retry(
                workspaceId,
                letters.stream()
                        .map(DeadLetter::versionId)
                        .filter(Objects::nonNull)
                        .toList());
        Set<UUID> sources = letters.stream()
                .map(letter -> UUID.fromString(letter.itemKey().substring(0, UUID_LENGTH)))
                .collect(Collectors.toSet());
        return projects.sources(workspaceId, sources).stream()
                .map(source -> LaunchRequest.of(
                        workspaceId,
                        Ingest.JOB,
                        Map.of(
                                "project", source.project(),
                                "type", source.type(),
                                "location", source.location()),
                        "replay"))
                .toList();
    }
}
