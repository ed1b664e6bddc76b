package dev.tidemill.admin.runs;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.run.DeadLetter;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows what was given up on.
@RestController
@RequestMapping("/actuator/deadletters")
@Tag(name = "deadletters", description = "Items given up on")
class DeadLettersController {

    private final DeadLetterList letters;

    DeadLettersController(DeadLetterList letters) {
        this.letters = letters;
    }

    @GetMapping
    @Operation(summary = "Items given up on and not resolved since, newest first")
    List<DeadLetter> deadLetters(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "run", required = false) @Nullable Long run,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        return letters.open(caller.workspaceId(), run, RunsController.checked(limit));
    }
}
