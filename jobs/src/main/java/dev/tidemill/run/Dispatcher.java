package dev.tidemill.run;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobInstance;
import org.springframework.batch.core.job.JobInterruptedException;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// Starts launches when their turn comes and goes on with those whose process died. Every process has one; what
/// they decide, they decide one after the other under a lock in the database.
final class Dispatcher {

    private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);

    /// Launches looked at in one decision.
    private static final int LOOK_AHEAD = 200;

    private final Control control;
    private final Launches launches;
    private final RunRecords records;
    private final Leases leases;
    private final Fences fences;
    private final Heartbeat heartbeat;
    private final Conclusion conclusion;
    private final Jobs jobs;
    private final JobRepository repository;
    private final RunListener listener;
    private final Node node;
    private final int capacity;
    private final Duration interval;

    private final Set<Long> mine = ConcurrentHashMap.newKeySet();
    private final Map<Long, CompletableFuture<Long>> ends = new ConcurrentHashMap<>();
    private final Semaphore wake = new Semaphore(0);
    private final ReentrantLock looking = new ReentrantLock();
    /// Few, long, and waiting for the database most of the time: on virtual threads each answer of it costs a change
    /// of carrier, which made a chunk of 100 rows a quarter slower.
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("run-", 0).daemon().factory());
    private @Nullable Thread loop;
    private volatile boolean draining;
    private volatile boolean stopped;

    Dispatcher(
            Control control,
            Launches launches,
            Leases leases,
            Fences fences,
            Heartbeat heartbeat,
            Conclusion conclusion,
            Jobs jobs,
            JobRepository repository,
            RunListener listener,
            Node node,
            RunProperties properties) {
        this.control = control;
        this.launches = launches;
        this.records = new RunRecords(control.jdbc());
        this.leases = leases;
        this.fences = fences;
        this.heartbeat = heartbeat;
        this.conclusion = conclusion;
        this.jobs = jobs;
        this.repository = repository;
        this.listener = listener;
        this.node = node;
        this.capacity = properties.concurrency();
        this.interval = properties.interval();
    }

    /// A launch that got its turn.
    private record Started(Fences.Lease lease, JobDefinition job, long runId, UUID workspaceId) {}

    void start() {
        loop = Thread.ofPlatform().name("dispatcher").daemon().start(this::loop);
    }

    private void loop() {
        while (!stopped) {
            try {
                look(node.adopts());
            } catch (DataAccessException | TransactionException e) {
                log.warn("runs could not be looked after ({}); trying again in {}", e.getMessage(), interval);
            } catch (RuntimeException e) {
                log.error("runs could not be looked after; trying again in {}", interval, e);
            }
            try {
                if (wake.tryAcquire(interval.toMillis(), TimeUnit.MILLISECONDS)) {
                    wake.drainPermits();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /// Something changed that this process knows of: look now.
    void wake() {
        wake.release();
    }

    /// A launch that this process took the request for, or was told to see to its end.
    void own(long instanceId) {
        mine.add(instanceId);
    }

    /// Looks once: ends what dead processes left, starts what is due.
    ///
    /// @param adopt whether launches of other processes are gone on with, too
    /// @return the runs that were started
    List<Long> look(boolean adopt) {
        looking.lock();
        try {
            stopWhatIsAskedTo();
            if (!draining && heartbeat.healthy()) {
                recover(instance -> adopt || mine.contains(instance));
                List<Started> started = admit(adopt);
                started.forEach(this::work);
                tellEndsElsewhere();
                return started.stream().map(Started::runId).toList();
            }
            return List.of();
        } finally {
            looking.unlock();
        }
    }

    private void stopWhatIsAskedTo() {
        Set<Long> held = fences.held();
        if (!held.isEmpty()) {
            control.call(() -> launches.stopRequested(held.toArray(Long[]::new)))
                    .forEach(listener::stop);
        }
    }

    /// Ends the executions of dead processes, so that their launches can be gone on with.
    void recover(Function<Long, Boolean> concerned) {
        List<UUID> dead = control.call(leases::findDead);
        List<Launches.Launch> orphans = control.call(launches::orphans);
        if (orphans.isEmpty()) {
            return;
        }
        leases.disconnect(dead);
        for (Launches.Launch orphan : orphans) {
            if (concerned.apply(orphan.instanceId()) && !fences.held().contains(orphan.instanceId())) {
                conclusion.died(orphan.instanceId()).ifPresent(this::tellEnd);
            }
        }
    }

    private List<Started> admit(boolean adopt) {
        List<Started> started = control.decide(() -> {
            List<Started> admitted = new ArrayList<>();
            List<Launches.Launch> due = launches.due(LOOK_AHEAD);
            // Before it has beaten again, whatever it began would be taken from it at once, and count as a death.
            if (due.isEmpty() || !leases.alive()) {
                return List.of();
            }
            List<Launches.Launch> running = new ArrayList<>(launches.running());
            for (Launches.Launch launch : due) {
                JobDefinition job = jobs.find(launch.job());
                if (job == null || !(adopt || mine.contains(launch.instanceId()))) {
                    continue;
                }
                // Taken for dead meanwhile, this process may still work on it under its old lease. It would do so
                // twice at once, and might begin before the one that took it over does.
                if (fences.held(launch.instanceId()).isPresent()) {
                    continue;
                }
                String obstacle = fences.held().size() + admitted.size() >= capacity
                        ? "a free place on a node"
                        : obstacle(launch, job, running);
                if (obstacle != null) {
                    launches.waitingFor(launch.instanceId(), obstacle);
                    continue;
                }
                Optional<Fences.Lease> lease = leases.take(launch.instanceId());
                if (lease.isPresent()) {
                    JobExecution execution = pending(launch.instanceId());
                    launches.started(launch.instanceId());
                    records.started(execution.getId(), node, jobs.configHash(launch.job()));
                    conclusion.tell(RunEvent.Kind.STARTED, launch, execution, null);
                    running.add(launch);
                    admitted.add(new Started(lease.get(), job, execution.getId(), launch.workspaceId()));
                }
            }
            return admitted;
        });
        started.forEach(one -> fences.hold(one.lease()));
        return started;
    }

    /// What a launch has to wait for, null when nothing.
    private @Nullable String obstacle(Launches.Launch launch, JobDefinition job, List<Launches.Launch> running) {
        // A process of the version that launched it may still be there; else a person decides.
        String changed = job.changedSince(launch.steps());
        if (changed != null) {
            return changed + ". Abandon this launch and launch the job anew";
        }
        int ofJob = 0;
        int ofJobInWorkspace = 0;
        for (Launches.Launch other : running) {
            boolean together = other.workspaceId().equals(launch.workspaceId())
                    || other.workspaceId().equals(LaunchRequest.INSTALLATION)
                    || launch.workspaceId().equals(LaunchRequest.INSTALLATION);
            if (together && other.subject().equals(launch.subject())) {
                return "the end of another launch on " + launch.subject();
            }
            if (together && jobs.conflict(launch.job(), other.job())) {
                return "the end of " + other.job() + ", which must not run beside " + launch.job();
            }
            if (other.job().equals(launch.job())) {
                ofJob++;
                ofJobInWorkspace += other.workspaceId().equals(launch.workspaceId()) ? 1 : 0;
            }
        }
        if (ofJob >= job.policy().concurrency()) {
            return "one of " + ofJob + " runs of " + launch.job() + " to end";
        }
        return ofJobInWorkspace >= job.policy().workspaceConcurrency()
                ? "one of " + ofJobInWorkspace + " runs of " + launch.job() + " in the workspace to end"
                : null;
    }

    /// The execution that waits to be started, made where none does: then it goes on from the last one.
    private JobExecution pending(long instanceId) {
        JobInstance instance = repository.getJobInstance(instanceId);
        if (instance == null) {
            throw new IllegalStateException("job instance " + instanceId + " is gone");
        }
        JobExecution last = repository.getLastJobExecution(instance);
        if (last == null) {
            throw new IllegalStateException("job instance " + instanceId + " has no execution");
        }
        return last.getEndTime() == null && last.getStatus() == BatchStatus.STARTING ? last : next(instance, last);
    }

    /// The next execution of an instance, in the caller's transaction.
    JobExecution next(JobInstance instance, JobExecution last) {
        JobExecution next = repository.createJobExecution(
                instance, last.getJobParameters(), new ExecutionContext(last.getExecutionContext()));
        records.add(instance.getId(), next.getId());
        return next;
    }

    private void work(Started started) {
        threads.execute(() -> {
            // The thread is the run's alone and ends with it, so nothing has to be taken out again.
            MDC.put("run", Long.toString(started.runId()));
            MDC.put("job", started.job().name());
            MDC.put("workspace", started.workspaceId().toString());
            try {
                execute(started);
            } finally {
                fences.drop(started.lease());
                wake();
            }
        });
    }

    private void execute(Started started) {
        JobExecution execution = repository.getJobExecution(started.runId());
        if (execution == null) {
            throw new IllegalStateException("run " + started.runId() + " is gone");
        }
        fences.enter(started.lease());
        try {
            started.job().job().execute(execution);
        } catch (FenceLost e) {
            log.warn("run {}: {}", started.runId(), e.getMessage());
        } catch (JobInterruptedException | RuntimeException e) {
            // What a job lets out is what it could not write about itself; the conclusion reads the rest from the
            // database.
            log.error("run {} of {} broke off", started.runId(), started.job().name(), e);
            execution.addFailureException(e);
            execution.setStatus(BatchStatus.FAILED);
        } finally {
            fences.leave();
            listener.forget(execution);
        }
        conclude(started, execution);
    }

    /// Concludes as soon as the database can be reached again, unless another process has done it by then.
    private void conclude(Started started, JobExecution execution) {
        for (Duration wait = Duration.ofMillis(100); ; wait = wait.multipliedBy(2)) {
            try {
                conclusion.ended(started.lease(), execution).ifPresent(this::tellEnd);
                return;
            } catch (DataAccessException | TransactionException e) {
                if (stopped) {
                    log.warn("the end of run {} could not be written; the next process does it", started.runId(), e);
                    return;
                }
                log.warn("the end of run {} cannot be written yet: {}", started.runId(), e.getMessage());
                Duration atMost = wait.compareTo(interval) > 0 ? interval : wait;
                try {
                    TimeUnit.MILLISECONDS.sleep(atMost.toMillis());
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }

    /// Completed with the launch's last run once the launch has ended, wherever that happens.
    CompletableFuture<Long> end(long instanceId) {
        return ends.computeIfAbsent(instanceId, id -> new CompletableFuture<>());
    }

    void tellEnd(Launches.Launch launch) {
        if (launch.state().ended()) {
            mine.remove(launch.instanceId());
            CompletableFuture<Long> end = ends.remove(launch.instanceId());
            if (end != null) {
                // Whoever waits must not keep the next run from being started.
                Thread.startVirtualThread(() -> end.complete(launch.instanceId()));
            }
        }
    }

    private void tellEndsElsewhere() {
        Set<Long> waited = new HashSet<>(ends.keySet());
        waited.removeAll(fences.held());
        for (long instance : waited) {
            control.call(() -> launches.find(instance)).ifPresent(this::tellEnd);
        }
    }

    /// Asks the runs of this process that it may no longer work on to stop.
    void lost(Set<Long> instances) {
        for (long instance : instances) {
            log.warn("the lease of job instance {} is lost: its run here ends", instance);
            listener.stop(instance);
            fences.held(instance).ifPresent(fences::drop);
        }
    }

    /// Lets every run of this process finish its current chunk; the next process goes on with them.
    void stop(Duration patience) {
        draining = true;
        looking.lock();
        try {
            listener.stopAll();
        } finally {
            looking.unlock();
        }
        threads.shutdown();
        try {
            if (!threads.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("a run did not stop within {}; it is resumed by the next process", patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        stopped = true;
        wake();
        if (loop != null) {
            loop.interrupt();
        }
    }
}
