package dev.tidemill.run;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.StepContext;
import org.springframework.batch.core.scope.context.StepSynchronizationManager;

/// The leases that this process holds, and which one the current thread works under.
final class Fences {

    /// Held for a job instance.
    ///
    /// @param fence grows with every holder
    record Lease(long jobInstanceId, long fence) {}

    private final Map<Long, Lease> held = new ConcurrentHashMap<>();

    @SuppressWarnings("ThreadLocalUsage") // one for each platform: two in one process must not mix
    private final ThreadLocal<@Nullable Lease> current = new ThreadLocal<>();

    void hold(Lease lease) {
        held.put(lease.jobInstanceId(), lease);
    }

    void drop(Lease lease) {
        held.remove(lease.jobInstanceId(), lease);
    }

    Set<Long> held() {
        return Set.copyOf(held.keySet());
    }

    Optional<Lease> held(long jobInstanceId) {
        return Optional.ofNullable(held.get(jobInstanceId));
    }

    void enter(Lease lease) {
        current.set(lease);
    }

    void leave() {
        current.remove();
    }

    /// The lease that a commit of the current thread needs, null when it does not work on a run.
    ///
    /// A step may work on threads of its own (partitions, split flows); there the step's context names the run.
    @Nullable
    Lease required() {
        Lease lease = current.get();
        if (lease == null) {
            StepContext step = StepSynchronizationManager.getContext();
            if (step == null) {
                return null;
            }
            long instance = step.getStepExecution().getJobExecution().getJobInstanceId();
            lease = held.get(instance);
            if (lease == null) {
                throw new FenceLost(instance, 0);
            }
        } else if (!lease.equals(held.get(lease.jobInstanceId()))) {
            throw new FenceLost(lease.jobInstanceId(), lease.fence());
        }
        return lease;
    }
}
