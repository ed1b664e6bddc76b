package dev.tidemill.ingest;

import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.run.Runs;
import dev.tidemill.source.SourceType;
import dev.tidemill.source.Sources;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SourceScope;
import org.springframework.batch.core.job.Job;

/// Starts ingest runs.
public final class Ingest {

    /// The job's name in runs, dead letters, YAML and endpoints.
    public static final String JOB = "ingest";

    static final String DISCOVER = "discover";
    static final String GONE = "gone";
    static final String EXTRACT = "extract";
    static final String EMBED = "embed";
    static final String PUBLISH = "publish";
    static final String INDEX = "index";

    private final Job job;
    private final Runs runs;
    private final Projects projects;
    private final OnnxEmbedder embedder;

    Ingest(Job job, Runs runs, Projects projects, OnnxEmbedder embedder) {
        this.job = job;
        this.runs = runs;
        this.projects = projects;
        this.embedder = embedder;
    }

    /// Starts a run and returns its id at once.
    ///
    /// @throws IllegalArgumentException when the project or the type of source is unknown
    /// @throws dev.tidemill.source.SourceUnavailable when there is nothing at the location
    /// @throws dev.tidemill.run.RunConflict when the source is being ingested already
    /// @throws IllegalStateException when the project's vectors were made by another model than the configured one
    public long start(IngestRequest request) {
        Project project = projects.find(request.workspaceId(), request.project())
                .orElseThrow(() -> new IllegalArgumentException("there is no project \"" + request.project() + "\""));
        SourceType type = SourceType.byId(request.sourceType());
        String location = Sources.normalize(type, request.location());
        projects.liveSet(
                project,
                embedder.model().id(),
                embedder.fingerprint(),
                embedder.model().dimensions());
        SourceScope scope =
                new SourceScope(project.workspaceId(), project.id(), projects.source(project, type.id(), location));
        return runs.start(job, IngestParameters.jobParameters(request, scope, type, location));
    }
}
