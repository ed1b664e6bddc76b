package dev.tidemill.run;

import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobInstance;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.job.parameters.JobParametersBuilder;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.context.SmartLifecycle;

/// Launches, stops, resumes and shows runs. At most one run works on a subject at a time, over all processes; a run
/// whose process died is gone on with by another one.
public final class Runs implements SmartLifecycle {

    /// Identifying job parameter: the same workspace and identity are the same job instance.
    static final String IDENTITY = "identity";

    /// Job parameters that the platform adds to a job's own.
    static final String WORKSPACE = "workspace";

    static final String SUBJECT = "subject";

    private final Control control;
    private final Launches launches;
    private final Leases leases;
    private final Dispatcher dispatcher;
    private final Conclusion conclusion;
    private final Heartbeat heartbeat;
    private final RunListener listener;
    private final Jobs jobs;
    private final JobRepository repository;
    private final Audit audit;
    private final RunRecords records;
    private final RunRows rows;
    private final Plans plans;
    private final DeadLetterDesk letters;
    private final Node node;
    private final Duration shutdown;
    private volatile boolean running;

    Runs(
            Control control,
            Launches launches,
            Leases leases,
            Dispatcher dispatcher,
            Conclusion conclusion,
            Heartbeat heartbeat,
            RunListener listener,
            Jobs jobs,
            JobRepository repository,
            Node node,
            Duration shutdown) {
        this.control = control;
        this.launches = launches;
        this.leases = leases;
        this.dispatcher = dispatcher;
        this.conclusion = conclusion;
        this.heartbeat = heartbeat;
        this.listener = listener;
        this.jobs = jobs;
        this.repository = repository;
        this.audit = new Audit(control.jdbc());
        this.records = new RunRecords(control.jdbc());
        this.rows = new RunRows(control.jdbc(), jobs, InstantSource.system());
        this.plans = new Plans(control, jobs, audit);
        this.letters = new DeadLetterDesk(control, this, audit);
        this.node = node;
        this.shutdown = shutdown;
    }

    public Jobs jobs() {
        return jobs;
    }

    /// What runs would do, and the launching of exactly that.
    public Plans plans() {
        return plans;
    }

    /// Forgets what ended long ago.
    public HistoryPurge purge() {
        return new HistoryPurge(control);
    }

    /// The dead letters, for their operators.
    public DeadLetterDesk letters() {
        return letters;
    }

    /// Whether the database has taken this process's heartbeat lately.
    public boolean heartbeatHealthy() {
        return heartbeat.healthy();
    }

    /// Asks for a run. It starts at once, or when its turn comes; its id is known either way. A request with an
    /// identity that was used before is answered with the run of that time.
    ///
    /// @throws UnknownJob when there is no such job
    /// @throws InvalidParameter when a parameter is wrong or missing
    /// @throws RunConflict when another launch is at work on the same subject, or the identity was used for another
    ///     request
    /// @throws UnknownPlan when the plan to apply is not there
    public Launched launch(LaunchRequest asked) {
        LaunchRequest request = asked.planId() == null ? asked : plans.complete(asked, asked.planId());
        Map<String, String> given = jobs.check(request.job(), request.parameters());
        JobDefinition job = jobs.get(request.job());
        String identity = Objects.requireNonNullElseGet(
                request.identity(), () -> UUID.randomUUID().toString());
        Optional<Launched> earlier = control.call(() -> before(request, identity, given));
        if (earlier.isPresent()) {
            return earlier.get();
        }
        if (request.planId() != null) {
            plans.check(request, request.planId());
        }
        // Looks at the world, which may take a while: not under the lock that all decisions need.
        Prepared prepared = job.preparation().prepare(request.workspaceId(), given);
        Launched launched = control.decide(() -> {
            Optional<Launched> meanwhile = before(request, identity, given);
            if (meanwhile.isPresent()) {
                return meanwhile.get();
            }
            makeWay(request, prepared.subject());
            return create(request, job, prepared, identity, hash(given));
        });
        dispatcher.wake();
        return launched;
    }

    private Optional<Launched> before(LaunchRequest request, String identity, Map<String, String> given) {
        return launches.byIdentity(request.workspaceId(), request.job(), identity)
                .map(launch -> same(launch, given));
    }

    private Launched same(Launches.Launch before, Map<String, String> given) {
        long runId = last(before.instanceId()).getId();
        if (!before.requestHash().equals(hash(given))) {
            throw new RunConflict(
                    "the identity " + before.identity() + " was used for run " + runId
                            + " with other parameters: use a new one",
                    runId);
        }
        return new Launched(runId, false);
    }

    private static String hash(Map<String, String> given) {
        return Sha256.hex(new TreeMap<>(given).toString());
    }

    private Launched create(
            LaunchRequest request, JobDefinition job, Prepared prepared, String identity, String requestHash) {
        JobParametersBuilder parameters = new JobParametersBuilder()
                .addString(IDENTITY, request.workspaceId() + ":" + identity, true)
                .addString(WORKSPACE, request.workspaceId().toString(), false)
                .addString(SUBJECT, prepared.subject(), false);
        prepared.parameters().forEach((name, value) -> parameters.addString(name, value, false));
        JobParameters all = parameters.toJobParameters();
        JobInstance instance = repository.createJobInstance(job.name(), all);
        JobExecution execution = repository.createJobExecution(instance, all, new ExecutionContext());
        int priority =
                Objects.requireNonNullElse(request.priority(), job.policy().priority());
        String config = jobs.configHash(job.name());
        launches.insert(
                request,
                identity,
                requestHash,
                prepared.subject(),
                instance.getId(),
                priority,
                node,
                config,
                job.steps());
        records.add(instance.getId(), execution.getId());
        if (request.planId() != null) {
            plans.use(request.workspaceId(), request.planId(), instance.getId());
        }
        record(request.workspaceId(), request.requestedBy(), "run.launch", execution.getId(), request.reason());
        dispatcher.own(instance.getId());
        return new Launched(execution.getId(), true);
    }

    /// Sees to it that no other launch is at work on the subject, or refuses. One that nobody will go on with is
    /// closed: what it left is in the data.
    private void makeWay(LaunchRequest request, String subject) {
        leases.findDead();
        for (Launches.Launch seen : launches.live(request.workspaceId(), subject)) {
            // Its end may be being written right now: locked, it has either ended or is judged before it does.
            Launches.Launch other = launches.lock(seen.instanceId()).orElse(seen);
            if (other.state().ended()) {
                continue;
            }
            JobExecution execution = last(other.instanceId());
            boolean alive = other.state() == Launches.State.RUNNING
                    ? leases.held(other.instanceId())
                    : leases.someoneWillStart(other.requestedOn());
            if (!alive) {
                leases.take(other.instanceId());
                conclusion.close(execution, BatchStatus.ABANDONED, "superseded by a newer run on " + subject);
                launches.ended(other.instanceId(), Launches.State.ABANDONED, "superseded by a newer run");
                leases.free(other.instanceId());
            } else if (request.whenBusy() == LaunchRequest.WhenBusy.REFUSE) {
                throw new RunConflict(
                        "another run is busy with " + subject + ": wait until run " + execution.getId()
                                + " ends, or stop it",
                        execution.getId());
            }
        }
    }

    /// Goes on with a run that was stopped, failed, or waits for another try, in the same instance from its failed
    /// step.
    ///
    /// @return the id of the new run
    /// @throws UnknownRun when there is no such run
    /// @throws RunConflict when it is at work, was resumed already, or has nothing left to do
    public long resume(UUID workspaceId, long runId, String actor, String reason) {
        long resumed = control.decide(() -> {
            Launches.Launch launch = launch(workspaceId, runId);
            if (launch.state() == Launches.State.RUNNING) {
                leases.findDead();
            }
            JobExecution last = last(launch.instanceId());
            if (last.getId() != runId) {
                throw new RunConflict("run " + runId + " was already resumed as run " + last.getId(), last.getId());
            }
            switch (launch.state()) {
                case QUEUED -> throw new RunConflict("run " + runId + " waits for its turn already", runId);
                case RUNNING -> throw new RunConflict("run " + runId + " is at work", runId);
                case COMPLETED, ABANDONED ->
                    throw new RunConflict(
                            "run " + runId + " is " + launch.state() + ": nothing is left to resume, start a new one",
                            runId);
                case STOPPED, FAILED, NEEDS_OPERATOR, WAITING -> {}
            }
            for (Launches.Launch other : launches.live(launch.workspaceId(), launch.subject())) {
                if (other.instanceId() != launch.instanceId()) {
                    throw new RunConflict(
                            "another run is busy with " + launch.subject() + ": wait until it ends, or stop it",
                            last(other.instanceId()).getId());
                }
            }
            String changed = jobs.get(launch.job()).changedSince(launch.steps());
            if (changed != null) {
                throw new RunConflict(
                        "run " + runId + " cannot be resumed: " + changed + ". Launch the job anew", runId);
            }
            JobExecution next = dispatcher.next(instance(launch.instanceId()), last);
            launches.queue(launch.instanceId());
            record(launch.workspaceId(), actor, "run.resume", runId, reason);
            dispatcher.own(launch.instanceId());
            return next.getId();
        });
        dispatcher.wake();
        return resumed;
    }

    /// As [#launch] of a new instance with the parameters of an earlier run.
    ///
    /// @param changed parameters that are to be others this time
    public Launched runAgain(UUID workspaceId, long runId, Map<String, String> changed, String actor, String reason) {
        JobExecution earlier =
                control.call(() -> last(launch(workspaceId, runId).instanceId()));
        JobDefinition job = jobs.get(earlier.getJobInstance().getJobName());
        Map<String, String> parameters = new HashMap<>();
        for (JobParameter parameter : job.parameters()) {
            String value = earlier.getJobParameters().getString(parameter.name());
            if (value != null) {
                parameters.put(parameter.name(), value);
            }
        }
        parameters.putAll(changed);
        return launch(LaunchRequest.of(workspaceId, job.name(), parameters, "again:" + runId)
                .by(actor, reason));
    }

    /// Asks a run to stop after its current chunk, wherever it is at work; one that waits for its turn ends at
    /// once. It can be resumed later. Stopping a stopped run changes nothing.
    ///
    /// @throws RunConflict when it has ended in another way
    public void stop(UUID workspaceId, long runId, String actor, String reason) {
        Launches.Launch stopped = control.decide(() -> {
            Launches.Launch launch = launch(workspaceId, runId);
            switch (launch.state()) {
                case STOPPED -> {
                    return launch;
                }
                case RUNNING -> launches.requestStop(launch.instanceId());
                case QUEUED, WAITING -> {
                    JobExecution last = last(launch.instanceId());
                    if (last.getEndTime() == null) {
                        conclusion.close(last, BatchStatus.STOPPED, "stopped before its turn came");
                    }
                    launches.ended(launch.instanceId(), Launches.State.STOPPED, null);
                    conclusion.tell(RunEvent.Kind.STOPPED, launch, last, null);
                }
                case COMPLETED, FAILED, NEEDS_OPERATOR, ABANDONED ->
                    throw new RunConflict(
                            "run " + runId + " is " + launch.state() + ": there is nothing to stop", runId);
            }
            record(launch.workspaceId(), actor, "run.stop", runId, reason);
            return launches.find(launch.instanceId()).orElseThrow();
        });
        listener.stop(stopped.instanceId());
        dispatcher.tellEnd(stopped);
    }

    /// Gives a run up for good. Abandoning an abandoned run changes nothing.
    ///
    /// @throws RunConflict when it is at work or has completed
    public void abandon(UUID workspaceId, long runId, String actor, String reason) {
        Launches.Launch abandoned = control.decide(() -> {
            Launches.Launch launch = launch(workspaceId, runId);
            switch (launch.state()) {
                case ABANDONED -> {
                    return launch;
                }
                case RUNNING -> throw new RunConflict("run " + runId + " is at work: stop it first", runId);
                case COMPLETED ->
                    throw new RunConflict("run " + runId + " is COMPLETED: there is nothing to abandon", runId);
                case QUEUED, WAITING, STOPPED, FAILED, NEEDS_OPERATOR -> {
                    JobExecution last = last(launch.instanceId());
                    conclusion.close(last, BatchStatus.ABANDONED, "abandoned by " + actor);
                    launches.ended(launch.instanceId(), Launches.State.ABANDONED, "abandoned by " + actor);
                    conclusion.tell(RunEvent.Kind.ABANDONED, launch, last, reason);
                }
            }
            record(launch.workspaceId(), actor, "run.abandon", runId, reason);
            return launches.find(launch.instanceId()).orElseThrow();
        });
        dispatcher.tellEnd(abandoned);
    }

    private void record(UUID workspaceId, String actor, String action, long runId, String reason) {
        audit.record(workspaceId, actor, action, "run " + runId, Map.of("reason", reason));
    }

    /// Goes on at once with every run whose process died or was shut down.
    ///
    /// @return the ids of the new runs
    public List<Long> resumeOrphans() {
        return dispatcher.look(true);
    }

    /// The launch of a run, locked until the transaction ends.
    private Launches.Launch launch(UUID workspaceId, long runId) {
        JobExecution execution = execution(runId).orElseThrow(() -> new UnknownRun(runId));
        return launches.lock(execution.getJobInstanceId())
                .filter(launch -> launch.workspaceId().equals(workspaceId))
                .orElseThrow(() -> new UnknownRun(runId));
    }

    private JobInstance instance(long instanceId) {
        return Objects.requireNonNull(repository.getJobInstance(instanceId), "job instance " + instanceId + " is gone");
    }

    private JobExecution last(long instanceId) {
        return Objects.requireNonNull(
                repository.getLastJobExecution(instance(instanceId)),
                "job instance " + instanceId + " has no execution");
    }

    /// The end of the launch that a run belongs to, later resumptions included: completed, stopped, failed for
    /// good, given up on. Known at once when it has ended.
    public CompletableFuture<RunView> finished(long runId) {
        long instance =
                execution(runId).orElseThrow(() -> new UnknownRun(runId)).getJobInstanceId();
        CompletableFuture<Long> end = dispatcher.end(instance);
        // It may have ended before anybody waited.
        control.call(() -> launches.find(instance)).ifPresent(dispatcher::tellEnd);
        return end.thenApply(ended -> newest(runId).orElseThrow());
    }

    private Optional<JobExecution> execution(long runId) {
        return exists(runId) ? Optional.ofNullable(repository.getJobExecution(runId)) : Optional.empty();
    }

    /// The repository answers for an unknown id with an exception in some versions and with null in others.
    private boolean exists(long runId) {
        return control.jdbc()
                .sql("SELECT count(*) > 0 FROM batch_job_execution WHERE job_execution_id = :id")
                .param("id", runId)
                .query(Boolean.class)
                .single();
    }

    /// The newest runs of all workspaces, newest first.
    public List<RunView> list(int limit) {
        return control.call(() -> rows.views(control.jdbc()
                .sql("SELECT run_id FROM runs ORDER BY run_id DESC LIMIT :limit")
                .param("limit", limit)
                .query((row, number) -> row.getLong(1))
                .list()));
    }

    /// A run of whatever workspace. [RunHistory] is for callers.
    public Optional<RunView> get(long runId) {
        return control.call(() -> rows.views(List.of(runId)).stream().findFirst());
    }

    /// The newest run of the launch that a run of whatever workspace belongs to: what goes on with it may have begun
    /// since its id was told, and only the newest one stands where the launch does.
    public Optional<RunView> newest(long runId) {
        Optional<RunView> view = get(runId);
        while (view.isPresent() && !view.get().isNewest()) {
            view = get(view.get().runs().getLast());
        }
        return view;
    }

    @Override
    public void start() {
        heartbeat.start(dispatcher::lost);
        dispatcher.start();
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        dispatcher.stop(shutdown);
        heartbeat.stop();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /// Started after everything else, stopped before the web server and the connection pools.
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 100;
    }
}
