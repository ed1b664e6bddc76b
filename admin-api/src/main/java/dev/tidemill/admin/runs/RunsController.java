package dev.tidemill.admin.runs;

import dev.tidemill.admin.runs.DeadLetterList.DeadLetter;
import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.ingest.Ingest;
import dev.tidemill.ingest.IngestRequest;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.search.UnknownProject;
import dev.tidemill.source.SourceType;
import dev.tidemill.store.Projects;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Starts jobs and shows runs.
@RestController
@RequestMapping("/actuator")
@Tag(name = "runs", description = "Start jobs, watch runs")
class RunsController {

    private static final int MOST = 500;

    private final Runs runs;
    private final Ingest ingest;
    private final Projects projects;
    private final DeadLetterList deadLetters;

    RunsController(Runs runs, Ingest ingest, Projects projects, DeadLetterList deadLetters) {
        this.runs = runs;
        this.ingest = ingest;
        this.projects = projects;
        this.deadLetters = deadLetters;
    }

    /// What to ingest.
    @Schema(description = "What to ingest.")
    record IngestBody(
            @Schema(description = "slug of the project", defaultValue = "default") @Nullable
            String project,

            @Schema(description = "directory, upload, urls or jsonl", defaultValue = "directory") @Nullable
            String type,

            @Schema(description = "folder or file on the server, or an address") @Nullable
            String location,

            @Schema(description = "retire missing documents however many", defaultValue = "false") @Nullable
            Boolean allowMassDelete) {}

    /// The run that was started.
    record Started(long runId) {}

    /// A job that can be started.
    record JobView(String name, String description) {}

    @GetMapping("/jobs")
    @Operation(summary = "Jobs that can be started")
    List<JobView> jobs() {
        return List.of(new JobView(
                Ingest.JOB, "lists a source, extracts, chunks and embeds what is new or changed, publishes it"));
    }

    @PostMapping("/jobs/ingest")
    @Operation(summary = "Start an ingest run")
    ResponseEntity<Started> ingest(@AuthenticationPrincipal Caller caller, @RequestBody IngestBody body) {
        String project = body.project() == null ? "default" : body.project();
        if (projects.find(caller.workspaceId(), project).isEmpty()) {
            throw new UnknownProject(project);
        }
        String location = body.location();
        if (location == null || location.isBlank()) {
            throw new BadRequest("location", "location is missing: name the folder, file or address to ingest");
        }
        if (location.indexOf('\0') >= 0) {
            throw new BadRequest("location", "location holds a NUL character: leave it out");
        }
        String type = type(body.type());
        boolean massDelete = body.allowMassDelete() != null && body.allowMassDelete();
        long run = ingest.start(new IngestRequest(caller.workspaceId(), project, type, location, massDelete));
        return ResponseEntity.accepted()
                .location(URI.create("/actuator/runs/" + run))
                .body(new Started(run));
    }

    private static String type(@Nullable String given) {
        try {
            return given == null
                    ? SourceType.DIRECTORY.id()
                    : SourceType.byId(given).id();
        } catch (IllegalArgumentException e) {
            throw new BadRequest("type", String.valueOf(e.getMessage()));
        }
    }

    @PostMapping("/jobs/{job}")
    @Operation(hidden = true)
    void unknown(@PathVariable String job) {
        throw new NotFound("there is no job \"" + job + "\": GET /actuator/jobs lists them");
    }

    @GetMapping("/runs")
    @Operation(summary = "The newest runs, newest first")
    List<RunView> runs(
            @AuthenticationPrincipal Caller caller, @RequestParam(name = "limit", defaultValue = "50") int limit) {
        return runs.list(checked(limit)).stream()
                .filter(run -> visible(caller, run))
                .toList();
    }

    @GetMapping("/runs/{id}")
    @Operation(summary = "One run with its steps")
    RunView run(@AuthenticationPrincipal Caller caller, @PathVariable long id) {
        return runs.get(id)
                .filter(run -> visible(caller, run))
                .orElseThrow(() -> new NotFound("there is no run " + id));
    }

    /// Runs of other workspaces are as if they were not there.
    private static boolean visible(Caller caller, RunView run) {
        return caller.workspaceId().toString().equals(run.parameters().get("workspace"));
    }

    @GetMapping("/deadletters")
    @Operation(summary = "Items given up on and not resolved since, newest first")
    List<DeadLetter> deadLetters(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "run", required = false) @Nullable Long run,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        return deadLetters.open(caller.workspaceId(), run, checked(limit));
    }

    private static int checked(int limit) {
        if (limit < 1 || limit > MOST) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to " + MOST);
        }
        return limit;
    }
}
