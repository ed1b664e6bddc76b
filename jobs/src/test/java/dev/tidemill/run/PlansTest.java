package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.run.NumbersHarness.Numbers;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PlansTest {

    private static final UUID WORKSPACE = NumbersHarness.WORKSPACE;

    private final Numbers numbers = new Numbers();
    private NumbersHarness harness;

    @BeforeEach
    void start() {
        harness = new NumbersHarness(numbers);
    }

    @AfterEach
    void stop() {
        harness.close();
    }

    private Plans.Kept make() {
        return harness.runs().plans().make(WORKSPACE, "numbers", Map.of("from", "here"), "tester");
    }

    private Launched apply(UUID workspace, UUID plan, Map<String, String> parameters, String identity) {
        return harness.runs()
                .launch(LaunchRequest.of(workspace, "numbers", parameters, "test")
                        .identifiedBy(identity)
                        .applying(plan));
    }

    @Test
    void aPlanIsAppliedOnceWithExactlyItsParameters() {
        Plans.Kept kept = make();
        assertThat(kept.plan().counts()).containsEntry("items", 3L);

        Launched launched = apply(WORKSPACE, kept.id(), Map.of(), "one");

        RunView run = harness.await(launched.runId());
        assertThat(run.parameters()).containsEntry("from", "here");
        assertThat(apply(WORKSPACE, kept.id(), Map.of(), "one"))
                .as("the same request once more")
                .isEqualTo(new Launched(launched.runId(), false));
        assertThatThrownBy(() -> apply(WORKSPACE, kept.id(), Map.of(), "two"))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("applied already");
    }

    @Test
    void otherParametersThanThePlansAreRefused() {
        Plans.Kept kept = make();

        assertThatThrownBy(() -> apply(WORKSPACE, kept.id(), Map.of("from", "there"), "one"))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("from")
                .hasMessageContaining("there");
        assertThat(harness.await(apply(WORKSPACE, kept.id(), Map.of("from", "here"), "two")
                                .runId())
                        .status())
                .isEqualTo("COMPLETED");
    }

    @Test
    void aMovedWorldIsNamedAndAnExpiredOrForeignPlanRefused() {
        Plans.Kept kept = make();
        numbers.plan = Numbers.plan("other", 5);
        assertThatThrownBy(() -> apply(WORKSPACE, kept.id(), Map.of(), "one"))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("items were 3 and are 5");
        numbers.plan = Numbers.plan("w", 3);
        assertThatThrownBy(() -> apply(new UUID(9, 9), kept.id(), Map.of(), "one"))
                .isInstanceOf(UnknownPlan.class);
        assertThatThrownBy(() -> apply(WORKSPACE, UUID.randomUUID(), Map.of(), "one"))
                .isInstanceOf(UnknownPlan.class);
        harness.owner.sql("UPDATE plans SET expires_at = now()").update();
        assertThatThrownBy(() -> apply(WORKSPACE, kept.id(), Map.of(), "one"))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("expired");
        assertThat(harness.owner
                        .sql("SELECT count(*) FROM launches")
                        .query(Long.class)
                        .single())
                .isZero();
    }

    @Test
    void aLaunchKeepsTheFingerprintOfItsConfigurationAndTheVersionOfTheCode() {
        harness.run();

        assertThat(harness.owner
                        .sql("SELECT config_hash || ' ' || code_version FROM launches")
                        .query(String.class)
                        .single())
                .matches("[0-9a-f]{12} \\S+");
    }
}
