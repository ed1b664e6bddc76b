package dev.tidemill.admin.backups;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.backup.Backups;
import dev.tidemill.backup.PromotionOrder;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// Orders that a restored database take the place of the live one. It does at the next start of the server, which
/// cannot rename the database it works in.
@RestController
@RequestMapping("/actuator/backups")
@Tag(name = "backups")
class PromotionController {

    private final Backups backups;
    private final Path home;
    private final UUID operators;

    PromotionController(Backups backups, Path home, UUID operators) {
        this.backups = backups;
        this.home = home;
        this.operators = operators;
    }

    private void requireOperator(Caller caller) {
        if (!caller.workspaceId().equals(operators)) {
            throw new AccessDeniedException(
                    "a promotion is about all workspaces: only the operators of the first one" + " may order it");
        }
    }

    @ExceptionHandler
    ProblemDetail refused(IllegalStateException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.CONFLICT, String.valueOf(e.getMessage()));
    }

    /// The same name again.
    record PromoteBody(
            @Schema(description = "the name of the restored database again: the live one goes out of use") @Nullable
            String confirm) {}

    @PostMapping("/restored/{name}/promote")
    @Operation(
            summary = "Put a restored database in the place of the live one at the next start of the server",
            description =
                    "The live one is kept under another name. Refused without the confirmation, for a database that"
                            + " no restore made or that is not whole, and while other servers work on the live one. Until the"
                            + " server is started again, everything goes on as before and can be withdrawn; what is written"
                            + " meanwhile stays in the old database.")
    ResponseEntity<PromotionOrder> promote(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String name,
            @RequestBody(required = false) @Nullable PromoteBody body) {
        requireOperator(caller);
        String confirmed = body == null || body.confirm() == null ? "" : body.confirm();
        return ResponseEntity.accepted().body(backups.order(home, name, confirmed, "key " + caller.keyId()));
    }

    @GetMapping("/promotion")
    @Operation(summary = "The promotion that waits for the next start")
    PromotionOrder waiting(@AuthenticationPrincipal Caller caller) {
        requireOperator(caller);
        return PromotionOrder.find(home).orElseThrow(PromotionController::none);
    }

    private static NotFound none() {
        return new NotFound("no promotion was ordered: POST /actuator/backups/restored/{name}/promote does it");
    }

    @DeleteMapping("/promotion")
    @Operation(summary = "Withdraw it")
    ResponseEntity<Void> withdraw(@AuthenticationPrincipal Caller caller) {
        requireOperator(caller);
        if (!PromotionOrder.withdraw(home)) {
            throw none();
        }
        return ResponseEntity.noContent().build();
    }
}
