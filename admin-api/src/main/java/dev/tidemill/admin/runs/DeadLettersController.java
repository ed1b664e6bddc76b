package dev.tidemill.admin.runs;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.run.DeadLetter;
import dev.tidemill.run.DeadLetterDesk;
import dev.tidemill.run.LetterFilter;
import dev.tidemill.run.Runs;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows what was given up on, and has it tried again or put aside.
@RestController
@RequestMapping("/actuator/deadletters")
@Tag(name = "deadletters", description = "Items given up on")
class DeadLettersController {

    private static final List<String> STATES = List.of("open", "replaying", "resolved", "ignored", "all");
    private static final int MOST_IDS = 10_000;

    private final DeadLetterDesk letters;

    DeadLettersController(Runs runs) {
        this.letters = runs.letters();
    }

    /// A cause, as the groups name it.
    record GroupBody(
            @Nullable String job,
            @Nullable String step,
            @Nullable String reason,
            @Nullable String stackHash,
            @Nullable Long run) {

        LetterFilter filter() {
            return new LetterFilter(List.of(), job, step, reason, stackHash, run, null, null);
        }
    }

    /// Which letters, and why: by id, by cause, or all of them.
    record DecisionBody(
            @Nullable List<Long> ids,
            @Nullable GroupBody group,
            @Nullable Boolean all,

            @Schema(description = "why, for the audit") @Nullable
            String reason) {

        String why() {
            return reason == null ? "" : reason.strip();
        }

        LetterFilter filter() {
            boolean everything = Boolean.TRUE.equals(all);
            List<LetterFilter> given = new ArrayList<>();
            if (ids != null && !ids.isEmpty()) {
                given.add(LetterFilter.of(ids));
            }
            if (group != null && !group.filter().isAny()) {
                given.add(group.filter());
            }
            if (everything) {
                given.add(LetterFilter.any());
            }
            if (given.size() != 1) {
                throw new BadRequest("ids", "say which letters: ids, a group with at least one property, or all: true");
            }
            if (ids != null && ids.size() > MOST_IDS) {
                throw new BadRequest("ids", ids.size() + " ids: name at most " + MOST_IDS + ", or a group");
            }
            return given.getFirst();
        }
    }

    /// How many letters were put aside.
    record Ignored(long letters) {}

    @GetMapping
    @Operation(
            summary = "Items given up on, newest first",
            description = "The next page: before = the id of the last letter of this one.")
    List<DeadLetter> deadLetters(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "job", required = false) @Nullable String job,
            @RequestParam(name = "step", required = false) @Nullable String step,
            @RequestParam(name = "reason", required = false) @Nullable String reason,
            @RequestParam(name = "stackHash", required = false) @Nullable String stackHash,
            @RequestParam(name = "run", required = false) @Nullable Long run,
            @RequestParam(name = "state", defaultValue = "open")
                    @Schema(description = "open, replaying, resolved, ignored or all")
                    String state,
            @RequestParam(name = "text", required = false)
                    @Schema(description = "beginnings of words of the item or the detail")
                    @Nullable
                    String text,
            @RequestParam(name = "before", required = false) @Nullable Long before,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        LetterFilter filter = filter(job, step, reason, stackHash, run, state, text);
        return letters.list(caller.workspaceId(), filter, before, RunsController.checked(limit));
    }

    @GetMapping("/groups")
    @Operation(summary = "Items given up on by cause, the largest group first")
    List<DeadLetterDesk.Group> groups(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "job", required = false) @Nullable String job,
            @RequestParam(name = "step", required = false) @Nullable String step,
            @RequestParam(name = "reason", required = false) @Nullable String reason,
            @RequestParam(name = "run", required = false) @Nullable Long run,
            @RequestParam(name = "state", defaultValue = "open") String state,
            @RequestParam(name = "text", required = false) @Nullable String text,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        LetterFilter filter = filter(job, step, reason, null, run, state, text);
        return letters.groups(caller.workspaceId(), filter, RunsController.checked(limit));
    }

    private static LetterFilter filter(
            @Nullable String job,
            @Nullable String step,
            @Nullable String reason,
            @Nullable String stackHash,
            @Nullable Long run,
            String state,
            @Nullable String text) {
        if (!STATES.contains(state)) {
            throw new BadRequest("state", "state is \"" + state + "\": use " + String.join(", ", STATES));
        }
        if (text != null && text.chars().noneMatch(Character::isLetterOrDigit)) {
            throw new BadRequest("text", "text holds no word: give letters or digits");
        }
        return new LetterFilter(List.of(), job, step, reason, stackHash, run, state.equals("all") ? null : state, text);
    }

    @GetMapping("/{id}")
    @Operation(summary = "One item given up on, with its exception where there was one")
    DeadLetter deadLetter(@AuthenticationPrincipal Caller caller, @PathVariable long id) {
        return letters.find(caller.workspaceId(), id).orElseThrow(() -> new NotFound("there is no dead letter " + id));
    }

    @PostMapping("/replay")
    @Operation(
            summary = "Try items again",
            description =
                    "Those that are open; by id also ignored ones. Launches one run for each source concerned. An item that"
                            + " goes well this time is resolved, one that fails is open again.")
    DeadLetterDesk.Replayed replay(@AuthenticationPrincipal Caller caller, @RequestBody DecisionBody body) {
        return letters.replay(caller.workspaceId(), body.filter(), RunsController.actor(caller), body.why());
    }

    @PostMapping("/ignore")
    @Operation(summary = "Put items aside; the reason is kept with them")
    Ignored ignore(@AuthenticationPrincipal Caller caller, @RequestBody DecisionBody body) {
        if (body.why().isEmpty()) {
            throw new BadRequest("reason", "reason is missing: say why nothing is to be done about these");
        }
        return new Ignored(
                letters.ignore(caller.workspaceId(), body.filter(), RunsController.actor(caller), body.why()));
    }
}
