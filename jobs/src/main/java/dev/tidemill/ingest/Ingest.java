package dev.tidemill.ingest;

import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Runs;
import java.util.Map;

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

    private final Runs runs;

    Ingest(Runs runs) {
        this.runs = runs;
    }

    /// Starts a run and returns its id at once.
    ///
    /// @throws dev.tidemill.run.InvalidParameter when the project or the type of source is unknown
    /// @throws dev.tidemill.source.SourceUnavailable when there is nothing at the location
    /// @throws dev.tidemill.run.RunConflict when the source is being ingested already
    /// @throws IllegalStateException when the project's vectors were made by another model than the configured one
    public long start(IngestRequest request) {
        return runs.launch(LaunchRequest.of(
                        request.workspaceId(),
                        JOB,
                        Map.of(
                                "project", request.project(),
                                "type", request.sourceType(),
                                "location", request.location(),
                                "allowMassDelete", Boolean.toString(request.allowMassDelete())),
                        "api"))
                .runId();
    }
}
