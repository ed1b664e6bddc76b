package dev.tidemill.admin.backups;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.backup.Archives;
import dev.tidemill.backup.BackupDamaged;
import dev.tidemill.backup.BackupRows.Drill;
import dev.tidemill.backup.BackupRows.Standing;
import dev.tidemill.backup.Backups;
import dev.tidemill.backup.PhysicalBackups;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Launched;
import dev.tidemill.run.Runs;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows backups, and asks for what is done with them. They hold all workspaces, so only who works in the first one,
/// as its operator, may see them.
@RestController
@RequestMapping("/actuator/backups")
@Tag(name = "backups", description = "Backups, restores and drills")
class BackupsController {

    private static final int MOST = 500;

    private final Backups backups;
    private final PhysicalBackups physical;
    private final Runs runs;
    private final UUID operators;

    BackupsController(Backups backups, PhysicalBackups physical, Runs runs, UUID operators) {
        this.backups = backups;
        this.physical = physical;
        this.runs = runs;
        this.operators = operators;
    }

    private void requireOperator(Caller caller) {
        if (!caller.workspaceId().equals(operators)) {
            throw new AccessDeniedException("backups hold all workspaces: only the operators of the first one may see"
                    + " them. A copy of your own workspace: POST /actuator/jobs/backup with scope=workspace");
        }
    }

    @ExceptionHandler
    ProblemDetail damaged(BackupDamaged e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.CONFLICT, String.valueOf(e.getMessage()));
    }

    /// The catalogue with where it lies.
    ///
    /// @param pgbackrest its repository, null where it is not the engine
    record BackupList(String target, List<Archives.View> backups, PhysicalBackups.@Nullable Repository pgbackrest) {}

    @GetMapping
    @Operation(summary = "All backups in the target, newest first, damaged ones too")
    BackupList list(@AuthenticationPrincipal Caller caller) {
        requireOperator(caller);
        return new BackupList(
                backups.archives().target(),
                backups.archives().list(),
                physical.repository().orElse(null));
    }

    @GetMapping("/pgbackrest")
    @Operation(summary = "pgBackRest's repository with its backups, newest first, where it makes the physical ones")
    PhysicalBackups.Repository physical(@AuthenticationPrincipal Caller caller) {
        requireOperator(caller);
        return physical.repository()
                .orElseThrow(() -> new NotFound(
                        "pgBackRest makes no backups here: backup.engine is tidemill, and GET /actuator/backups lists"
                                + " what that made"));
    }

    @GetMapping("/{id}")
    @Operation(summary = "One backup with its tables and parts; latest is the newest whole one of everything")
    Archives.Detail backup(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
        requireOperator(caller);
        return backups.archives().find(id).orElseThrow(() -> unknown(id));
    }

    private static NotFound unknown(String id) {
        return new NotFound("there is no backup " + id + ": GET /actuator/backups lists them");
    }

    /// The run that does what was asked for.
    record RunRef(long runId) {}

    /// What to copy.
    record CreateBody(
            @Schema(description = "full, schema, data or workspace") @Nullable
            String scope,

            @Schema(description = "id or slug of a workspace, with scope workspace") @Nullable
            String only) {}

    @PostMapping
    @Operation(summary = "Make a backup", description = "A repeated Idempotency-Key is answered with the first run.")
    ResponseEntity<RunRef> create(
            @AuthenticationPrincipal Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody(required = false) @Nullable CreateBody body) {
        requireOperator(caller);
        if (body != null && "cluster".equals(body.scope()) && physical.byPgBackRest()) {
            return launch(caller, "pgbackrest", Map.of("type", "full"), key);
        }
        Map<String, String> parameters = new HashMap<>();
        put(parameters, "scope", body == null ? null : body.scope());
        put(parameters, "only", body == null ? null : body.only());
        return launch(caller, "backup", parameters, key);
    }

    @PostMapping("/{id}/verify")
    @Operation(summary = "Read a backup again and compare it with its manifest")
    ResponseEntity<RunRef> verify(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String id,
            @RequestParam(name = "level", defaultValue = "2") String level) {
        requireOperator(caller);
        if (physical.repository().stream()
                .flatMap(repository -> repository.backups().stream())
                .anyMatch(made -> made.label().equals(id))) {
            return launch(caller, "pgbackrest", Map.of("type", "verify"), null);
        }
        return launch(caller, "verify", Map.of("backup", id, "level", level), null);
    }

    /// Where to restore to.
    record RestoreBody(
            @Schema(description = "name of the new database")
            String database,

            @Schema(description = "id of the one workspace to take out of the backup") @Nullable
            String only) {}

    @PostMapping("/{id}/restore")
    @Operation(
            summary = "Make a new database of a backup",
            description = "Never over the live one. POST /actuator/jobs/restore/plan says what it takes;"
                    + " ./tidemill restore promote puts the database in the place of the live one.")
    ResponseEntity<RunRef> restore(
            @AuthenticationPrincipal Caller caller, @PathVariable String id, @RequestBody RestoreBody body) {
        requireOperator(caller);
        Map<String, String> parameters = new HashMap<>(Map.of("backup", id));
        put(parameters, "database", body.database());
        put(parameters, "only", body.only());
        return launch(caller, "restore", parameters, null);
    }

    /// What to take out of a backup.
    record ReclaimBody(
            @Schema(description = "slug of the only project; without it all of the workspace") @Nullable
            String project,

            @Schema(description = "id or slug of the workspace; default the caller's") @Nullable
            String only,

            @Schema(description = "slug of the live project; without it the one it had") @Nullable
            String into,

            @Schema(description = "when the live project has documents: refuse (default), skip or replace") @Nullable
            String onConflict) {}

    @PostMapping("/{id}/reclaim")
    @Operation(
            summary = "Take a project or a workspace out of a backup into the live installation",
            description = "Restores it to scratch, exports it there, imports it with its vectors, removes scratch."
                    + " POST /actuator/jobs/reclaim/plan says what it takes.")
    ResponseEntity<RunRef> reclaim(
            @AuthenticationPrincipal Caller caller, @PathVariable String id, @RequestBody ReclaimBody body) {
        requireOperator(caller);
        Map<String, String> parameters = new HashMap<>(Map.of("backup", id));
        put(parameters, "project", body.project());
        put(parameters, "only", body.only());
        put(parameters, "into", body.into());
        put(parameters, "onConflict", body.onConflict());
        return launch(caller, "reclaim", parameters, null);
    }

    @PostMapping("/{id}/drill")
    @Operation(summary = "Restore a backup to scratch, compare it, ask it questions, remove it")
    ResponseEntity<RunRef> drill(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
        requireOperator(caller);
        return launch(caller, "drill", Map.of("backup", id), null);
    }

    private ResponseEntity<RunRef> launch(
            Caller caller, String job, Map<String, String> parameters, @Nullable String key) {
        Launched launched = runs.launch(LaunchRequest.of(caller.workspaceId(), job, parameters, "api")
                .by("key " + caller.keyId(), "")
                .identifiedBy(key));
        return ResponseEntity.status(launched.created() ? HttpStatus.ACCEPTED : HttpStatus.OK)
                .location(URI.create("/actuator/runs/" + launched.runId()))
                .body(new RunRef(launched.runId()));
    }

    private static void put(Map<String, String> parameters, String name, @Nullable String value) {
        if (value != null && !value.isBlank()) {
            parameters.put(name, value);
        }
    }

    /// Why it is kept.
    record PinBody(@Nullable String reason) {}

    @PostMapping("/{id}/pin")
    @Operation(summary = "Keep a backup whatever the retention says")
    Archives.Detail pin(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String id,
            @RequestBody(required = false) @Nullable PinBody body) {
        requireOperator(caller);
        String reason =
                body == null || body.reason() == null || body.reason().isBlank() ? "no reason given" : body.reason();
        return pinned(id, reason);
    }

    @PostMapping("/{id}/unpin")
    @Operation(summary = "Let a backup expire again")
    Archives.Detail unpin(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
        requireOperator(caller);
        return pinned(id, null);
    }

    private Archives.Detail pinned(String id, @Nullable String reason) {
        if (!backups.pin(id, reason)) {
            throw unknown(id);
        }
        return backups.archives().find(id).orElseThrow(() -> unknown(id));
    }

    @PostMapping("/expire")
    @Operation(summary = "Take away what the retention keeps no longer", description = "dryRun=true tells only.")
    Backups.Expiry expire(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "dryRun", defaultValue = "false") boolean dryRun) {
        requireOperator(caller);
        return backups.expire(dryRun);
    }

    @GetMapping("/check")
    @Operation(summary = "How backups stand, as monitoring plug-ins say it: 0 well, 1 warning, 2 critical, 3 unknown")
    Backups.Check check(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "backup", defaultValue = "26h") String backup,
            @RequestParam(name = "drill", defaultValue = "8d") String drill,
            @RequestParam(name = "physical", defaultValue = "8d") String oldestPhysical) {
        requireOperator(caller);
        return backups.check(
                duration("backup", backup), duration("drill", drill), duration("physical", oldestPhysical));
    }

    private static Duration duration(String name, String text) {
        try {
            return DurationStyle.detectAndParse(text);
        } catch (IllegalArgumentException e) {
            throw new BadRequest(name, name + " is \"" + text + "\": use a duration, for example 26h or 8d");
        }
    }

    @GetMapping("/standing")
    @Operation(summary = "Newest backup and drill as the database knows them")
    Standing standing(@AuthenticationPrincipal Caller caller) {
        requireOperator(caller);
        return backups.standing();
    }

    @GetMapping("/drills")
    @Operation(summary = "Drills with what they measured and found, newest first")
    List<Drill> drills(
            @AuthenticationPrincipal Caller caller, @RequestParam(name = "limit", defaultValue = "50") int limit) {
        requireOperator(caller);
        if (limit < 1 || limit > MOST) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to " + MOST);
        }
        return backups.drills(limit);
    }

    @GetMapping("/restored")
    @Operation(summary = "Databases that restores made or are making")
    List<String> restored(@AuthenticationPrincipal Caller caller) {
        requireOperator(caller);
        return backups.restored();
    }
}
