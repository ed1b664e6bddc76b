package dev.tidemill.admin.documents;

import dev.tidemill.admin.documents.Uploads.Stored;
import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.ingest.Ingest;
import dev.tidemill.ingest.IngestRequest;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.search.UnknownProject;
import dev.tidemill.source.SourceType;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/// Takes documents in.
@RestController
@RequestMapping("/api/v1/projects/{project}/documents")
@Tag(name = "documents", description = "Hand in documents")
class DocumentsController {

    private static final Logger log = LoggerFactory.getLogger(DocumentsController.class);
    private static final int MOST_FILES = 100;

    private final Uploads uploads;
    private final Projects projects;
    private final Ingest ingest;
    private final Runs runs;

    DocumentsController(Uploads uploads, Projects projects, Ingest ingest, Runs runs) {
        this.uploads = uploads;
        this.projects = projects;
        this.ingest = ingest;
        this.runs = runs;
    }

    /// The run that ingests an upload.
    record Accepted(long runId, int files) {}

    @PostMapping(consumes = MediaType.MULTIPART_FORM_DATA_VALUE)
    @Operation(
            summary = "Upload documents",
            description = "Stores the files of the parts named \"file\" and starts an ingest run.")
    ResponseEntity<Accepted> upload(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String project,
            @RequestPart(name = "file", required = false) @Nullable List<MultipartFile> files) {
        Project found = projects.find(caller.workspaceId(), project).orElseThrow(() -> new UnknownProject(project));
        if (files == null || files.isEmpty()) {
            throw new BadRequest("file", "no file: send one or more parts named \"file\"");
        }
        if (files.size() > MOST_FILES) {
            throw new BadRequest("file", files.size() + " files: send at most " + MOST_FILES + " at once");
        }
        Path folder = uploads.folder(caller.workspaceId(), found.id());
        List<Stored> stored = uploads.store(folder, files);
        long run = start(
                new IngestRequest(caller.workspaceId(), project, SourceType.UPLOAD.id(), folder.toString(), false));
        CompletableFuture<RunView> _ =
                runs.finished(run).whenComplete((view, failure) -> cleanUp(stored, run, failure == null ? view : null));
        return ResponseEntity.accepted()
                .location(URI.create("/actuator/runs/" + run))
                .body(new Accepted(run, files.size()));
    }

    private static void cleanUp(List<Stored> stored, long run, @Nullable RunView ended) {
        if (ended == null || !ended.completed()) {
            log.warn("the files of run {} stay: the next upload to the project ingests them again", run);
            return;
        }
        try {
            Uploads.remove(stored);
        } catch (UncheckedIOException e) {
            // The documents are in the database; what stays behind is found unchanged by the next upload.
            log.warn("uploaded files of run {} could not be removed", run, e);
        }
    }

    private long start(IngestRequest request) {
        try {
            return ingest.start(request);
        } catch (RunConflict e) {
            throw new RunConflict("the files are stored and wait: " + e.getMessage() + ", then send them again or start"
                    + " an ingest of type upload");
        }
    }
}
