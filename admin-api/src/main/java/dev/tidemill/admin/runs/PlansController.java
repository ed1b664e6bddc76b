package dev.tidemill.admin.runs;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.run.Plans;
import dev.tidemill.run.Runs;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.math.BigDecimal;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// Says what a job would do.
@RestController
@RequestMapping("/actuator/jobs")
@Tag(name = "jobs", description = "Launch jobs")
class PlansController {

    private final Plans plans;

    PlansController(Runs runs) {
        this.plans = runs.plans();
    }

    /// What a launch would do; apply it with `POST /actuator/jobs/{job}?plan=…`.
    record PlanView(
            UUID planId,
            String job,
            Map<String, String> parameters,
            Map<String, Long> counts,
            long tokens,
            BigDecimal cost,
            long seconds,
            long diskBytes,
            List<String> notes,
            OffsetDateTime expiresAt) {

        static PlanView of(Plans.Kept kept) {
            return new PlanView(
                    kept.id(),
                    kept.job(),
                    kept.parameters(),
                    kept.plan().counts(),
                    kept.plan().tokens(),
                    kept.plan().cost(),
                    kept.plan().time().toSeconds(),
                    kept.plan().diskBytes(),
                    kept.plan().notes(),
                    kept.expiresAt());
        }
    }

    @PostMapping("/{job}/plan")
    @Operation(
            summary = "Say what a job would do, without doing it",
            description =
                    "The body holds the job's parameters by name. The plan can be applied once, for an hour, while the world"
                            + " is as it was.")
    PlanView plan(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String job,
            @RequestBody Map<String, @Nullable Object> parameters) {
        return PlanView.of(
                plans.make(caller.workspaceId(), job, JobsController.texts(parameters), RunsController.actor(caller)));
    }
}
