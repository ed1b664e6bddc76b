package dev.tidemill.admin.runs;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Launched;
import dev.tidemill.run.Runs;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows jobs and launches them.
@RestController
@RequestMapping("/actuator/jobs")
@Tag(name = "jobs", description = "Launch jobs")
class JobsController {

    private static final int LONGEST_KEY = 200;

    private final Runs runs;

    JobsController(Runs runs) {
        this.runs = runs;
    }

    /// The run that answers a launch.
    record LaunchView(long runId) {}

    /// A job that can be launched.
    record JobView(String name, String description, List<ParameterView> parameters) {

        static JobView of(JobDefinition job) {
            return new JobView(
                    job.name(),
                    job.description(),
                    job.parameters().stream().map(ParameterView::of).toList());
        }
    }

    /// A parameter that a launch may give.
    record ParameterView(
            String name,
            String type,
            boolean required,
            @Nullable String defaultValue,
            List<String> choices,
            String description) {

        static ParameterView of(JobParameter parameter) {
            return new ParameterView(
                    parameter.name(),
                    parameter.type().name().toLowerCase(Locale.ROOT),
                    parameter.required(),
                    parameter.defaultValue(),
                    parameter.choices(),
                    parameter.description());
        }
    }

    @GetMapping
    @Operation(summary = "Jobs that can be launched, with their parameters")
    List<JobView> jobs() {
        return runs.jobs().all().stream().map(JobView::of).toList();
    }

    @GetMapping("/{job}")
    @Operation(summary = "One job with its parameters")
    JobView job(@PathVariable String job) {
        return JobView.of(runs.jobs().get(job));
    }

    @PostMapping("/{job}")
    @Operation(
            summary = "Launch a job",
            description =
                    "The body holds the job's parameters by name. A repeated Idempotency-Key is answered with the run of"
                            + " the first request: 200 instead of 202.")
    ResponseEntity<LaunchView> launch(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String job,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestParam(name = "reason", defaultValue = "") @Schema(description = "why, for the audit") String reason,
            @RequestParam(name = "priority", required = false) @Nullable Integer priority,
            @RequestParam(name = "queue", defaultValue = "false")
                    @Schema(description = "wait while another run is busy with the same, instead of being refused")
                    boolean queue,
            @RequestParam(name = "plan", required = false)
                    @Schema(description = "apply this plan; the body may be empty")
                    @Nullable
                    UUID plan,
            @RequestBody(required = false) @Nullable Map<String, @Nullable Object> body) {
        Map<String, @Nullable Object> parameters = body == null ? new HashMap<String, @Nullable Object>() : body;
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            throw new BadRequest("Idempotency-Key", "Idempotency-Key must have 1 to " + LONGEST_KEY + " characters");
        }
        LaunchRequest request = LaunchRequest.of(caller.workspaceId(), job, texts(parameters), "api")
                .by("key " + caller.keyId(), reason)
                .identifiedBy(key)
                .withPriority(priority)
                .applying(plan)
                .whenBusy(queue ? LaunchRequest.WhenBusy.QUEUE : LaunchRequest.WhenBusy.REFUSE);
        Launched launched = runs.launch(request);
        return ResponseEntity.status(launched.created() ? HttpStatus.ACCEPTED : HttpStatus.OK)
                .location(URI.create("/actuator/runs/" + launched.runId()))
                .body(new LaunchView(launched.runId()));
    }

    /// Parameters are scalars; their types are the job's to judge.
    static Map<String, String> texts(Map<String, @Nullable Object> parameters) {
        Map<String, String> texts = new HashMap<>();
        parameters.forEach((name, value) -> {
            switch (value) {
                case null -> {}
                case String text -> texts.put(name, text);
                case Number number -> texts.put(name, number.toString());
                case Boolean flag -> texts.put(name, flag.toString());
                default ->
                    throw new BadRequest(
                            name, "\"" + name + "\" has the wrong type: give text, a number or true or false");
            }
        });
        return texts;
    }
}
