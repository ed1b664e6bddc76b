package dev.tidemill.transfer;

import dev.tidemill.run.Progress;
import dev.tidemill.store.Originals;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.Formats.Original;
import dev.tidemill.transfer.Formats.Vector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What the steps of an import do beside storing documents.
final class ImportSteps {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final VectorSets sets;
    private final Originals originals;
    private final Vectors vectors;
    private final Archives archives;
    private final ImportProperties properties;

    ImportSteps(
            Workspaces workspaces,
            JdbcTemplate template,
            VectorSets sets,
            Archives archives,
            ImportProperties properties) {
        this.workspaces = workspaces;
        this.jdbc = JdbcClient.create(template);
        this.sets = sets;
        this.originals = new Originals(workspaces, jdbc);
        this.vectors = new Vectors(workspaces, template);
        this.archives = archives;
        this.properties = properties;
    }

    /// Makes the file's sets in a project that has none.
    RepeatStatus makeSets(StepContribution contribution) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        try (Archive archive = archives.open(parameters)) {
            Manifest manifest = archive.manifest();
            workspaces.call(
                    parameters.workspaceId(),
                    () -> TargetSets.make(
                            sets,
                            parameters.workspaceId(),
                            parameters.projectId(),
                            parameters.project(),
                            manifest,
                            parameters.onlyLive()));
        }
        return RepeatStatus.FINISHED;
    }

    /// The sets that take the file's vectors, once they are made.
    TargetSets targets(TransferParameters parameters) {
        try (Archive archive = archives.open(parameters)) {
            return TargetSets.find(
                    sets, parameters.workspaceId(), parameters.projectId(), parameters.project(), archive.manifest());
        }
    }

    void storeOriginals(TransferParameters parameters, Chunk<? extends Original> chunk) {
        List<Originals.Whole> whole = chunk.getItems().stream()
                .map(original -> new Originals.Whole(original.hash(), original.bytes()))
                .collect(Collectors.toList());
        workspaces.run(parameters.workspaceId(), () -> {
            try {
                originals.store(parameters.workspaceId(), whole);
            } catch (IOException e) {
                throw new UncheckedIOException("an original is not what its hash says: copy the file again", e);
            }
        });
    }

    void storeVectors(TransferParameters parameters, TargetSets targets, Chunk<? extends Vector> chunk) {
        Map<Integer, List<Vectors.Binary>> bySet = new TreeMap<>();
        for (Vector vector : chunk) {
            bySet.computeIfAbsent(vector.place(), place -> new java.util.ArrayList<>())
                    .add(new Vectors.Binary(vector.contentId(), vector.binary()));
        }
        workspaces.run(
                parameters.workspaceId(),
                () -> bySet.forEach((place, listed) -> {
                    VectorSet set = targets.byPlace().get(place);
                    if (set != null) {
                        vectors.load(parameters.workspaceId(), set, listed);
                    }
                }));
    }

    /// Drops the vectors that no document came to need, and builds the indexes of sets that have
    /// become large.
    RepeatStatus index(StepContribution contribution) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        for (VectorSet set : targets(parameters).byPlace().values()) {
            workspaces.call(
                    parameters.workspaceId(),
                    () -> vectors.dropUnused(parameters.workspaceId(), parameters.projectId(), set));
            if (vectors.count(parameters.workspaceId(), set) >= properties.indexRows() && !vectors.indexed(set)) {
                workspaces.run(
                        parameters.workspaceId(),
                        () -> vectors.createIndex(
                                set, (int) properties.indexMemory().toMegabytes()));
            }
        }
        return RepeatStatus.FINISHED;
    }

    /// Says what there is now.
    RepeatStatus conclude(StepContribution contribution) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        try (Archive archive = archives.open(parameters)) {
            long published = workspaces.call(
                    parameters.workspaceId(),
                    () -> jdbc.sql("""
                            SELECT count(*) FROM documents WHERE workspace_id = :workspace AND project_id = :project
                              AND published_version IS NOT NULL
                            """)
                            .param("workspace", parameters.workspaceId())
                            .param("project", parameters.projectId())
                            .query(Long.class)
                            .single());
            Progress.message(
                    contribution.getStepExecution().getJobExecution().getExecutionContext(),
                    "project " + parameters.project() + " has " + published + " published documents now; the file has "
                            + archive.manifest().documents());
        }
        try {
            Passphrase.forget(parameters.passphraseFrom());
        } catch (IOException e) {
            throw new UncheckedIOException("the passphrase file cannot be removed: " + e.getMessage(), e);
        }
        return RepeatStatus.FINISHED;
    }
}
