package dev.tidemill.admin.retention;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.prune.Forget;
import dev.tidemill.prune.Forget.Receipt;
import dev.tidemill.prune.Forget.Requested;
import dev.tidemill.prune.Forget.Target;
import dev.tidemill.prune.Retention.Subject;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// Forgets documents, sources and texts.
@RestController
@RequestMapping("/actuator/forget")
@Tag(name = "forget", description = "Forget, with a receipt")
class ForgetController {

    private static final int SHOWN = 200;

    private final Forget forget;

    ForgetController(Forget forget) {
        this.forget = forget;
    }

    /// What to forget: a document, a source, or everything that holds a text. It comes in the body, as addresses are
    /// logged.
    record ForgetBody(
            @Nullable String project,
            @Nullable UUID source,
            @Nullable String document,
            @Nullable String text) {}

    /// A text to look for.
    record TracesBody(String text) {}

    @PostMapping
    @Operation(
            summary = "Forget a document, a source or a text",
            description =
                    "Starts a run that removes it from everything but backups. Its receipt says what was removed, how"
                            + " to verify that, and when backups expire.")
    ResponseEntity<Requested> forget(@AuthenticationPrincipal Caller caller, @RequestBody ForgetBody body) {
        Requested requested = forget.request(
                caller.workspaceId(),
                new Target(new Subject(body.project(), body.source(), body.document()), body.text()),
                "key " + caller.keyId());
        return ResponseEntity.accepted()
                .location(URI.create("/actuator/forget/" + requested.receiptId()))
                .body(requested);
    }

    @PostMapping("/traces")
    @Operation(summary = "Where a text stands in the rows of the workspace")
    Map<String, Long> traces(@AuthenticationPrincipal Caller caller, @RequestBody TracesBody body) {
        return forget.traces(caller.workspaceId(), body.text());
    }

    @GetMapping
    @Operation(summary = "Receipts, newest first")
    List<Receipt> receipts(@AuthenticationPrincipal Caller caller) {
        return forget.receipts(caller.workspaceId(), SHOWN);
    }

    @GetMapping("/{id}")
    @Operation(summary = "One receipt")
    Receipt receipt(@AuthenticationPrincipal Caller caller, @PathVariable UUID id) {
        return forget.receipt(caller.workspaceId(), id).orElseThrow(() -> new NotFound("there is no receipt " + id));
    }
}
