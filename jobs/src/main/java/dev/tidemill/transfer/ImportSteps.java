package dev.tidemill.transfer;

import dev.tidemill.run.Progress;
import dev.tidemill.store.Originals;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.SourceScope;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.Formats.Original;
import dev.tidemill.transfer.Formats.Vector;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.UUID;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/// What the steps of an import do beside storing documents.
final class ImportSteps {

    private static final int COMMIT_DOCUMENTS = 50;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Projects projects;
    private final VectorSets sets;
    private final Originals originals;
    private final Vectors vectors;
    private final Publisher publisher;
    private final ImportProperties properties;

    ImportSteps(
            Workspaces workspaces,
            JdbcTemplate template,
            Projects projects,
            VectorSets sets,
            ImportProperties properties) {
        this.workspaces = workspaces;
        this.jdbc = JdbcClient.create(template);
        this.projects = projects;
        this.sets = sets;
        this.originals = new Originals(workspaces, jdbc);
        this.vectors = new Vectors(workspaces, template);
        this.publisher = new Publisher(jdbc);
        this.properties = properties;
    }

    /// Reads the whole file once before anything is written.
    RepeatStatus verify(StepContribution contribution) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        try (Archive archive = Archive.open(parameters.file())) {
            archive.verify();
        }
        return RepeatStatus.FINISHED;
    }

    void storeOriginals(TransferParameters parameters, Chunk<? extends Original> chunk) {
        workspaces.run(parameters.workspaceId(), () -> {
            for (Original original : chunk) {
                try {
                    originals.store(
                            parameters.workspaceId(),
                            original.hash(),
                            original.bytes().length,
                            new ByteArrayInputStream(original.bytes()));
                } catch (IOException e) {
                    throw new UncheckedIOException(
                            "the original " + original.hash().hex() + " is not what its hash says: copy the file again",
                            e);
                }
            }
        });
    }

    void storeVectors(TransferParameters parameters, Chunk<? extends Vector> chunk) {
        VectorSet set = liveSet(parameters);
        workspaces.run(
                parameters.workspaceId(),
                () -> vectors.write(
                        parameters.workspaceId(),
                        set,
                        chunk.getItems().stream()
                                .map(vector -> new Vectors.Embedded(0, vector.contentId(), vector.values()))
                                .toList()));
    }

    /// The project's live set, made where it has none.
    private VectorSet liveSet(TransferParameters parameters) {
        try (Archive archive = Archive.open(parameters.file())) {
            return liveSet(parameters, archive.manifest());
        }
    }

    private VectorSet liveSet(TransferParameters parameters, Manifest manifest) {
        return liveSet(projects, sets, parameters.workspaceId(), parameters.project(), manifest);
    }

    static VectorSet liveSet(Projects projects, VectorSets sets, UUID workspaceId, String slug, Manifest manifest) {
        Project project = projects.find(workspaceId, slug)
                .orElseThrow(() -> new IllegalStateException("the project " + slug + " is gone: import again"));
        Manifest.Set set = manifest.set();
        if (set == null) {
            throw new IllegalStateException("the file holds documents but no vectors: export the project again");
        }
        VectorSet live = sets.liveOrFirst(project, set.model(), set.fingerprint(), set.dimensions());
        if (!live.fingerprint().equals(set.fingerprint())) {
            throw new IllegalStateException(
                    "vector set " + live.id() + " of project " + slug + " was made by " + live.model()
                            + ", the vectors of the file by " + set.model()
                            + ", or by it in another configuration: import into another project, or re-embed one of the two");
        }
        return live;
    }

    void storeQuestions(TransferParameters parameters, Chunk<? extends JsonNode> chunk) {
        workspaces.run(parameters.workspaceId(), () -> {
            boolean sets = jdbc.sql("SELECT to_regclass('golden_sets') IS NOT NULL")
                    .query(Boolean.class)
                    .single();
            for (JsonNode question : chunk) {
                // With sets of questions, those of the file are one of their own.
                String sql = sets ? """
                        WITH s AS (INSERT INTO golden_sets (workspace_id, project_id, name) VALUES (:workspace, :project, 'imported')
                          ON CONFLICT (workspace_id, project_id, name) DO UPDATE SET name = excluded.name RETURNING id)
                        INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question, expected, tags)
                        SELECT :workspace, :project, s.id, coalesce(nullif(:key, ''), md5(:question)), :question, CAST(:expected AS jsonb), :tags
                        FROM s ON CONFLICT DO NOTHING
                        """ : """
                        INSERT INTO golden_questions (workspace_id, project_id, question, expected, tags)
                        SELECT :workspace, :project, :question, CAST(:expected AS jsonb), :tags
                        WHERE NOT EXISTS (SELECT FROM golden_questions g WHERE g.workspace_id = :workspace AND g.project_id = :project
                          AND g.question = :question)
                        """;
                List<String> tags = question.path("tags")
                        .valueStream()
                        .map(JsonNode::asString)
                        .toList();
                jdbc.sql(sql)
                        .param("workspace", parameters.workspaceId())
                        .param("project", parameters.projectId())
                        .param("key", question.path("key").asString(""))
                        .param("question", question.path("question").asString(""))
                        .param("expected", question.path("expected").toString())
                        .param("tags", tags.toArray(String[]::new))
                        .update();
            }
        });
    }

    /// Publishes what is complete, some documents in each transaction.
    RepeatStatus publish(StepContribution contribution) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        List<SourceScope> waiting = workspaces.call(
                parameters.workspaceId(),
                () -> jdbc.sql("""
                        SELECT DISTINCT workspace_id, project_id, source_id FROM document_versions
                        WHERE workspace_id = :workspace AND project_id = :project AND state = 'extracted'
                        """)
                        .param("workspace", parameters.workspaceId())
                        .param("project", parameters.projectId())
                        .query(SourceScope.class)
                        .list());
        if (waiting.isEmpty()) {
            return RepeatStatus.FINISHED;
        }
        SourceScope scope = waiting.getFirst();
        VectorSet set = liveSet(parameters);
        long missing = vectors.countMissing(scope, set);
        if (missing > 0) {
            throw new IllegalStateException("the file lacks the vectors of " + missing
                    + " chunks: ingest the source to make them, or export the project again");
        }
        int published = workspaces.call(
                parameters.workspaceId(), () -> publisher.publish(scope, Long.MAX_VALUE, COMMIT_DOCUMENTS));
        contribution.incrementWriteCount(published);
        return RepeatStatus.CONTINUABLE;
    }

    /// Builds the vector index where the set has become large.
    RepeatStatus index(StepContribution contribution) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        try (Archive archive = Archive.open(parameters.file())) {
            if (archive.manifest().set() != null) {
                VectorSet set = liveSet(parameters, archive.manifest());
                if (vectors.count(parameters.workspaceId(), set) >= properties.indexRows() && !vectors.indexed(set)) {
                    workspaces.run(
                            parameters.workspaceId(),
                            () -> vectors.createIndex(
                                    set, (int) properties.indexMemory().toMegabytes()));
                }
            }
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
        return RepeatStatus.FINISHED;
    }
}
