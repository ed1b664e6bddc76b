package dev.tidemill.admin.runs;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.run.RunView;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/// Tells live what happens to runs, as server-sent events.
@RestController
@RequestMapping("/actuator/runs")
@Tag(name = "runs")
class RunEventsController {

    private final RunEvents events;

    RunEventsController(RunEvents events) {
        this.events = events;
    }

    @GetMapping(path = "/{id}/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    @Operation(
            summary = "What happens to a run and those that go on with it, live",
            description =
                    "An event progress with the run whenever it changes, and an event end when its launch has ended.")
    @ApiResponse(
            responseCode = "200",
            content =
                    @Content(
                            mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
                            schema = @Schema(implementation = RunView.class)))
    ResponseEntity<SseEmitter> follow(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEvent) {
        return stream(events.follow(caller.workspaceId(), id, lastEvent));
    }

    @GetMapping(path = "/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    @Operation(
            summary = "What happens to all runs, live",
            description =
                    "An event progress for every launch that has not ended and whenever it changes, an event end when it"
                            + " has ended. The stream goes on until the client leaves.")
    @ApiResponse(
            responseCode = "200",
            content =
                    @Content(
                            mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
                            schema = @Schema(implementation = RunView.class)))
    ResponseEntity<SseEmitter> all(@AuthenticationPrincipal Caller caller) {
        return stream(events.all(caller.workspaceId(), null));
    }

    private static ResponseEntity<SseEmitter> stream(SseEmitter emitter) {
        // A proxy that collects the answer would make live progress late.
        return ResponseEntity.ok().header("X-Accel-Buffering", "no").body(emitter);
    }

    @ExceptionHandler
    ProblemDetail tooMany(RunEvents.TooManyListeners e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, String.valueOf(e.getMessage()));
    }
}
