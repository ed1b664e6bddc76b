package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.made.Outage;
import dev.tidemill.postgres.Await;
import dev.tidemill.postgres.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/// What the platform promises about launches, whoever asks and whoever dies: on the platform's tables alone, with
/// two application contexts for two nodes.
@Timeout(300)
class RunProtocolTest {

    private static final JobParameter SUBJECT =
            JobParameter.text("subject", "what it works on").orElse("it");

    private TestDatabase database;
    private JdbcClient owner;
    private final List<TestNode> nodes = new ArrayList<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @BeforeEach
    void create() {
        database = TestDatabase.createPlatform();
        owner = JdbcClient.create(database.dataSource());
        owner.sql("CREATE TABLE copied (id integer PRIMARY KEY, run_id bigint NOT NULL)")
                .update();
        owner.sql("GRANT SELECT, INSERT ON copied TO tidemill_batch").update();
    }

    @AfterEach
    void close() {
        nodes.forEach(TestNode::close);
        threads.shutdownNow();
        database.close();
    }

    private TestNode node(TestNode.Builder builder) {
        TestNode node = builder.start();
        nodes.add(node);
        return node;
    }

    /// One chunk of a job's work.
    private interface Work {
        RepeatStatus apply(StepContribution contribution, ChunkContext context) throws Exception;
    }

    private static TestNode.Definition job(String name, JobPolicy policy, Work work, String... steps) {
        return (factory, jdbc) -> {
            var first = factory.tasklet(steps.length == 0 ? "work" : steps[0], work::apply)
                    .build();
            var job = factory.job(name).start(first);
            for (int i = 1; i < steps.length; i++) {
                job = job.next(factory.tasklet(steps[i], work::apply).build());
            }
            return JobDefinition.of(job.build(), "for a test")
                    .parameter(SUBJECT)
                    .prepared((workspace, given) -> new Prepared(name + " of " + given.get("subject"), given))
                    .policy(policy)
                    .build();
        };
    }

    private static JobPolicy policy(int priority, int concurrency, int inWorkspace, String... conflicts) {
        return new JobPolicy(
                priority, concurrency, inWorkspace, Set.of(conflicts), Map.of(), new JobPolicy.Skip(5, 100L, 0L));
    }

    private static final JobPolicy FREE = policy(0, 100, 100);

    /// Commits one row at each permit until ten are there.
    private static final class Copying {
        final Semaphore permits = new Semaphore(0);
        final BlockingQueue<Integer> written = new LinkedBlockingQueue<>();

        TestNode.Definition job(String name) {
            return (factory, jdbc) -> {
                var step = factory.tasklet("copy", (contribution, context) -> {
                            permits.acquire();
                            int id = jdbc.sql("INSERT INTO copied SELECT count(*) + 1, :run FROM copied RETURNING id")
                                    .param(
                                            "run",
                                            contribution.getStepExecution().getJobExecutionId())
                                    .query(Integer.class)
                                    .single();
                            written.add(id);
                            return id < 10 ? RepeatStatus.CONTINUABLE : RepeatStatus.FINISHED;
                        })
                        .build();
                return JobDefinition.of(factory.job(name).start(step).build(), "copies")
                        .build();
            };
        }
    }

    private String state(long run) {
        return owner.sql("""
                        SELECT state FROM launches JOIN batch_job_execution USING (job_instance_id) WHERE job_execution_id = :run
                        """).param("run", run).query(String.class).single();
    }

    private void await(String what, Callable<Boolean> condition) throws Exception {
        Await.until(what, condition);
    }

    private long number(String sql) {
        return owner.sql(sql).query(Long.class).single();
    }

    private <T> List<Future<T>> together(List<Callable<T>> calls) {
        CyclicBarrier start = new CyclicBarrier(calls.size());
        return calls.stream()
                .map(call -> threads.submit(() -> {
                    start.await();
                    return call.call();
                }))
                .toList();
    }

    private static final Work FAILING = (contribution, context) -> {
        throw new IllegalArgumentException("as the test wants");
    };

    @Test
    void ofTwoWhoResumeTheSameRunOneGetsARunAndTheOtherAConflict() throws Exception {
        TestNode one = node(TestNode.on(database).job("failing", job("failing", FREE, FAILING)));
        TestNode two = node(TestNode.on(database).job("failing", job("failing", FREE, FAILING)));
        long run = one.launch("failing", Map.of()).runId();
        one.finished(run);
        for (int round = 0; round < 500; round++) {
            long before = run;
            List<Future<Long>> answers = together(List.of(() -> one.resume(before), () -> two.resume(before)));
            List<Long> resumed = new ArrayList<>();
            for (Future<Long> answer : answers) {
                try {
                    resumed.add(answer.get(30, TimeUnit.SECONDS));
                } catch (java.util.concurrent.ExecutionException e) {
                    assertThat(e).hasCauseInstanceOf(RunConflict.class);
                }
            }
            assertThat(resumed).as("round %d", round).hasSize(1);
            run = resumed.getFirst();
            one.finished(run);
        }
        assertThat(number("SELECT count(*) FROM batch_job_execution")).isEqualTo(501);
        assertThat(number("SELECT count(*) FROM audit_entries WHERE action = 'run.resume'"))
                .isEqualTo(500);
    }

    @Test
    void concurrentLaunchesOfOneIdentityAreOneLaunch() throws Exception {
        AtomicInteger done = new AtomicInteger();
        TestNode.Definition job = job("counting", FREE, (contribution, context) -> {
            done.incrementAndGet();
            return RepeatStatus.FINISHED;
        });
        TestNode one = node(TestNode.on(database).job("counting", job));
        TestNode two = node(TestNode.on(database).job("counting", job));
        for (int round = 0; round < 50; round++) {
            String identity = "order-" + round;
            List<Callable<Launched>> calls = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                TestNode node = i % 2 == 0 ? one : two;
                calls.add(() -> node.runs()
                        .launch(LaunchRequest.of(TestNode.WORKSPACE, "counting", Map.of("subject", identity), "test")
                                .identifiedBy(identity)));
            }
            List<Launched> launched = new ArrayList<>();
            for (Future<Launched> answer : together(calls)) {
                launched.add(answer.get(30, TimeUnit.SECONDS));
            }
            assertThat(launched)
                    .extracting(Launched::runId)
                    .containsOnly(launched.getFirst().runId());
            assertThat(launched).filteredOn(Launched::created).hasSize(1);
            one.finished(launched.getFirst().runId());
        }
        assertThat(done).hasValue(50);
    }

    @Test
    void anIdentityStandsForOneRequestOnly() throws Exception {
        TestNode node = node(TestNode.on(database).job("brief", job("brief", FREE, (c, x) -> RepeatStatus.FINISHED)));
        LaunchRequest request = LaunchRequest.of(TestNode.WORKSPACE, "brief", Map.of("subject", "a"), "test")
                .identifiedBy("key");
        node.finished(node.runs().launch(request).runId());

        assertThatThrownBy(() -> node.runs()
                        .launch(LaunchRequest.of(TestNode.WORKSPACE, "brief", Map.of("subject", "b"), "test")
                                .identifiedBy("key")))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("other parameters");
    }

    @Test
    void aStoppingRunIsResumedOnlyOnceItsLeaseIsFree() throws Exception {
        BlockingQueue<CountDownLatch> inChunk = new LinkedBlockingQueue<>();
        TestNode node = node(TestNode.on(database).job("endless", job("endless", FREE, (contribution, context) -> {
            CountDownLatch goOn = new CountDownLatch(1);
            inChunk.add(goOn);
            goOn.await();
            return RepeatStatus.CONTINUABLE;
        })));
        long run = node.launch("endless", Map.of()).runId();
        for (int round = 0; round < 200; round++) {
            CountDownLatch chunk = inChunk.poll(30, TimeUnit.SECONDS);
            assertThat(chunk).as("round %d", round).isNotNull();
            long current = run;
            node.runs().stop(TestNode.WORKSPACE, current, "tester", "");
            assertThatThrownBy(() -> node.resume(current)).isInstanceOf(RunConflict.class);
            chunk.countDown();
            assertThat(node.finished(current).status()).isEqualTo("STOPPED");
            assertThat(number("SELECT count(*) FROM job_leases WHERE boot_id IS NOT NULL"))
                    .isZero();
            run = node.resume(current);
        }
        node.runs().stop(TestNode.WORKSPACE, run, "tester", "");
        // Asked before its step began, it may do more than one chunk: it is told within a second.
        CompletableFuture<RunView> end = node.runs().finished(run);
        await("the end", () -> {
            inChunk.forEach(CountDownLatch::countDown);
            return end.isDone();
        });
        assertThat(end.get().status()).isEqualTo("STOPPED");
        assertThat(number("SELECT count(*) FROM batch_job_execution")).isEqualTo(201);
    }

    /// Sees the calls on a connection, with their first argument.
    private abstract static class Watch {
        abstract void before(String method, String argument);

        abstract void after(String method) throws SQLException;
    }

    private static DataSource watched(DataSource source, Supplier<Watch> watches) {
        return new DelegatingDataSource(source) {
            @Override
            public Connection getConnection() throws SQLException {
                Connection real = super.getConnection();
                Watch watch = watches.get();
                return (Connection) Proxy.newProxyInstance(
                        Connection.class.getClassLoader(),
                        new Class<?>[] {Connection.class},
                        (proxy, method, arguments) -> {
                            try {
                                watch.before(method.getName(), arguments == null ? "" : String.valueOf(arguments[0]));
                                Object result = method.invoke(real, arguments);
                                watch.after(method.getName());
                                return result;
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
            }
        };
    }

    /// Commits, and then says that the connection was lost meanwhile.
    private static DataSource losingReplies(DataSource source, AtomicBoolean armed) {
        return watched(source, () -> new Watch() {
            private boolean copying;

            @Override
            void before(String method, String argument) {
                copying |= method.equals("prepareStatement") && argument.contains("INTO copied");
            }

            @Override
            void after(String method) throws SQLException {
                if (method.equals("commit") && copying) {
                    copying = false;
                    if (armed.getAndSet(false)) {
                        throw new SQLException("connection lost in COMMIT", "08006");
                    }
                }
            }
        });
    }

    @Test
    void aCommitWhoseReplyIsLostIsResolvedWithoutAPersonAndRepeatsNothing() throws Exception {
        Copying copying = new Copying();
        AtomicBoolean armed = new AtomicBoolean();
        TestNode node = node(
                TestNode.on(database).job("copy", copying.job("copy")).around(source -> losingReplies(source, armed)));
        long run = node.launch("copy", Map.of()).runId();
        copying.permits.release(4);
        await("four rows", () -> number("SELECT count(*) FROM copied") == 4);
        armed.set(true);
        copying.permits.release(6);

        assertThat(node.finished(run).status()).isEqualTo("COMPLETED");
        assertThat(armed).isFalse();
        assertThat(number("SELECT count(*) FROM copied")).isEqualTo(10);
        assertThat(copying.written).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        assertThat(number("SELECT count(*) FROM batch_job_execution")).isEqualTo(2);
    }

    /// Spring Batch by itself saves the context of a run after the step, whatever became of the step's transaction.
    @Test
    void whatAStepNotesOfItsRunIsThereOrNotWithTheRowsOfTheSameTransaction() throws Exception {
        Outage.whenCommitted(owner, "copied", 2);
        List<String> known = new ArrayList<>();
        List<String> knownByStep = new ArrayList<>();
        List<String> saved = new ArrayList<>();
        TestNode node = node(TestNode.on(database).job("notes", (factory, jdbc) -> {
            var step = factory.tasklet("note", (contribution, context) -> {
                        long run = contribution.getStepExecution().getJobExecutionId();
                        ExecutionContext notes = contribution
                                .getStepExecution()
                                .getJobExecution()
                                .getExecutionContext();
                        known.add(notes.getString("last", "none"));
                        ExecutionContext own = contribution.getStepExecution().getExecutionContext();
                        knownByStep.add(own.getString("last", "none"));
                        saved.add(owner.sql("""
                                        SELECT coalesce(max(short_context), '') FROM batch_job_execution_context
                                        WHERE job_execution_id = :run
                                        """)
                                .param("run", run)
                                .query(String.class)
                                .single());
                        int id = jdbc.sql("INSERT INTO copied SELECT count(*) + 1, :run FROM copied RETURNING id")
                                .param("run", run)
                                .query(Integer.class)
                                .single();
                        notes.putString("last", "row " + id);
                        own.putString("last", "row " + id);
                        return id < 3 ? RepeatStatus.CONTINUABLE : RepeatStatus.FINISHED;
                    })
                    .build();
            return JobDefinition.of(factory.job("notes").start(step).build(), "notes")
                    .policy(retrying(
                            ErrorClass.TRANSIENT, new Backoff(3, Duration.ofMillis(1), 1, Duration.ofMillis(1), 0)))
                    .build();
        }));

        RunView run = node.finished(node.launch("notes", Map.of()).runId());

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(known).containsExactly("none", "row 1", "row 1", "row 2").isEqualTo(knownByStep);
        assertThat(saved.get(1)).contains("row 1");
        assertThat(saved.get(3)).contains("row 2");
    }

    /// A failure that asks for patience.
    private static final class Busy extends RuntimeException implements RetryAfter {
        private static final long serialVersionUID = 1;

        @Override
        public Duration retryAfter() {
            return Duration.ofHours(1);
        }
    }

    private void due(long run) {
        owner.sql("""
                        UPDATE launches SET due_at = clock_timestamp() FROM batch_job_execution e
                        WHERE e.job_instance_id = launches.job_instance_id AND e.job_execution_id = :run
                        """).param("run", run).update();
    }

    private double waitSeconds(long run) {
        return owner.sql("""
                        SELECT extract(epoch FROM due_at - clock_timestamp()) FROM launches
                        JOIN batch_job_execution USING (job_instance_id) WHERE job_execution_id = :run
                        """).param("run", run).query(Double.class).single();
    }

    private static JobPolicy retrying(ErrorClass kind, Backoff backoff) {
        return new JobPolicy(0, 100, 100, Set.of(), Map.of(kind, backoff), new JobPolicy.Skip(5, 100L, 0L));
    }

    @Test
    void aTransientFailureIsTriedAgainWithGrowingWaitsUpToItsLastAttempt() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        Backoff backoff = new Backoff(3, Duration.ofHours(1), 2, Duration.ofHours(10), 0);
        TestNode node = node(TestNode.on(database)
                .job("lost", job("lost", retrying(ErrorClass.TRANSIENT, backoff), (contribution, context) -> {
                    tries.incrementAndGet();
                    throw new SQLException("gone", "08006");
                })));
        long run = node.launch("lost", Map.of()).runId();

        await("waits", () -> state(run).equals("waiting"));
        assertThat(waitSeconds(run)).isBetween(3_500.0, 3_600.0);
        due(run);
        await("a second try", () -> tries.get() == 2 && state(run).equals("waiting"));
        assertThat(waitSeconds(run)).isBetween(7_100.0, 7_200.0);
        due(run);
        assertThat(node.finished(run).status()).isEqualTo("FAILED");
        assertThat(tries).hasValue(3);
        assertThat(state(run)).isEqualTo("failed");
    }

    /// Between the answer to a launch and the look at its run, a node may go on with it in another run.
    @Test
    void aChildRunThatIsGoneOnWithRightNowIsNotTakenForFailed() throws Exception {
        LaunchRequest child = LaunchRequest.of(TestNode.WORKSPACE, "busy", Map.of(), "a parent")
                .identifiedBy("the child");
        AtomicReference<@Nullable TestNode> node = new AtomicReference<>();
        AtomicReference<@Nullable Runnable> meanwhile = new AtomicReference<>();
        List<RunView> seen = new ArrayList<>();
        node.set(node(TestNode.on(database)
                .job("busy", job("busy", FREE, (contribution, context) -> {
                    throw new Busy();
                }))
                .job("parent", job("parent", FREE, (contribution, context) -> {
                    seen.add(Objects.requireNonNull(node.get())
                            .children()
                            .follow(contribution.getStepExecution(), child));
                    return RepeatStatus.FINISHED;
                }))
                .around(source -> watched(source, () -> new Watch() {
                    @Override
                    void before(String method, String argument) {
                        if (method.equals("prepareStatement") && argument.contains("e.exit_message")) {
                            // The first statement of a look at runs.
                            Optional.ofNullable(meanwhile.getAndSet(null)).ifPresent(Runnable::run);
                        }
                    }

                    @Override
                    void after(String method) {}
                }))));
        long run = Objects.requireNonNull(node.get()).runs().launch(child).runId();
        await("waits", () -> state(run).equals("waiting"));
        meanwhile.set(() -> Objects.requireNonNull(node.get()).resume(run));
        long parent = Objects.requireNonNull(node.get())
                .launch("parent", Map.of("subject", "another"))
                .runId();

        assertThat(Objects.requireNonNull(node.get()).finished(parent).status()).isEqualTo("COMPLETED");
        assertThat(meanwhile).hasNullValue();
        assertThat(seen).singleElement().satisfies(view -> {
            assertThat(view.runs()).containsExactly(run, view.id());
            assertThat(ChildRuns.goesOn(view)).isTrue();
        });
    }

    @Test
    void anUnknownFailureIsNotTriedAgain() throws Exception {
        TestNode node = node(TestNode.on(database).job("failing", job("failing", FREE, FAILING)));
        long run = node.launch("failing", Map.of()).runId();

        assertThat(node.finished(run).status()).isEqualTo("FAILED");
        assertThat(number("SELECT count(*) FROM batch_job_execution")).isEqualTo(1);
        assertThat(number("SELECT count(*) FROM run_failures WHERE error_class = 'UNKNOWN'"))
                .isEqualTo(1);
    }

    @Test
    void thePatienceThatTheOtherSideAsksForIsGiven() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        TestNode node = node(TestNode.on(database).job("busy", job("busy", FREE, (contribution, context) -> {
            if (tries.incrementAndGet() == 1) {
                throw new Busy();
            }
            return RepeatStatus.FINISHED;
        })));
        long run = node.launch("busy", Map.of()).runId();

        await("waits", () -> state(run).equals("waiting"));
        assertThat(waitSeconds(run)).isBetween(3_500.0, 3_600.0);
        due(run);
        assertThat(node.finished(run).status()).isEqualTo("COMPLETED");
    }

    @Test
    void aFullDiskIsWaitedForWithoutEnd() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        TestNode node = node(TestNode.on(database).job("full", job("full", FREE, (contribution, context) -> {
            if (tries.incrementAndGet() <= 30) {
                throw new SQLException("could not extend file", "53100");
            }
            return RepeatStatus.FINISHED;
        })));
        long run = node.launch("full", Map.of()).runId();
        for (int i = 1; i <= 30; i++) {
            int tried = i;
            await("try " + i, () -> tries.get() == tried && state(run).equals("waiting"));
            due(run);
        }
        assertThat(node.finished(run).status()).isEqualTo("COMPLETED");
    }

    /// Jobs that tell when they began, and end when they are let go.
    private static final class Held {
        final BlockingQueue<String> begun = new LinkedBlockingQueue<>();
        final Semaphore ends = new Semaphore(0);

        Work work() {
            return (contribution, context) -> {
                var execution = contribution.getStepExecution().getJobExecution();
                begun.add(execution.getJobInstance().getJobName() + " "
                        + execution.getJobParameters().getString("subject"));
                ends.acquire();
                return RepeatStatus.FINISHED;
            };
        }

        @Nullable
        String next() throws InterruptedException {
            return begun.poll(30, TimeUnit.SECONDS);
        }
    }

    private Launched queue(TestNode node, UUID workspace, String job, String subject, @Nullable Integer priority) {
        return node.runs()
                .launch(LaunchRequest.of(workspace, job, Map.of("subject", subject), "test")
                        .withPriority(priority)
                        .whenBusy(LaunchRequest.WhenBusy.QUEUE));
    }

    private void awaitWaiting(long run, String what) throws Exception {
        await(
                what,
                () -> owner.sql("""
                        SELECT coalesce(waiting_for, '') LIKE :what FROM launches
                        JOIN batch_job_execution USING (job_instance_id) WHERE job_execution_id = :run
                        """)
                        .param("what", "%" + what + "%")
                        .param("run", run)
                        .query(Boolean.class)
                        .single());
    }

    @Test
    void jobsThatConflictWaitForEachOtherInOneWorkspaceAndNotInTwo() throws Exception {
        Held held = new Held();
        TestNode node = node(TestNode.on(database)
                .job("prune", job("prune", policy(0, 9, 9, "backup"), held.work()))
                .job("backup", job("backup", policy(0, 9, 9), held.work())));
        long prune = queue(node, TestNode.WORKSPACE, "prune", "a", null).runId();
        assertThat(held.next()).isEqualTo("prune a");
        long backup = queue(node, TestNode.WORKSPACE, "backup", "b", null).runId();
        long elsewhere =
                queue(node, TestNode.OTHER_WORKSPACE, "backup", "c", null).runId();

        assertThat(held.next()).isEqualTo("backup c");
        awaitWaiting(backup, "must not run beside");
        held.ends.release();
        held.ends.release();
        assertThat(held.next()).isEqualTo("backup b");
        held.ends.release();
        for (long run : List.of(prune, backup, elsewhere)) {
            assertThat(node.finished(run).status()).isEqualTo("COMPLETED");
        }
    }

    @Test
    void aJobHasNoMoreRunsAtATimeThanItMayInAllAndInOneWorkspace() throws Exception {
        Held held = new Held();
        TestNode node = node(TestNode.on(database).job("few", job("few", policy(0, 2, 1), held.work())));
        List<Long> runs = new ArrayList<>();
        runs.add(queue(node, TestNode.WORKSPACE, "few", "a", null).runId());
        assertThat(held.next()).isEqualTo("few a");
        runs.add(queue(node, TestNode.WORKSPACE, "few", "b", null).runId());
        awaitWaiting(runs.getLast(), "in the workspace");
        runs.add(queue(node, TestNode.OTHER_WORKSPACE, "few", "c", null).runId());
        assertThat(held.next()).isEqualTo("few c");
        runs.add(queue(node, new UUID(7, 9), "few", "d", null).runId());
        awaitWaiting(runs.getLast(), "one of 2 runs");
        held.ends.release(4);
        for (long run : runs) {
            assertThat(node.finished(run).status()).isEqualTo("COMPLETED");
        }
    }

    @Test
    void theMoreUrgentGoesFirstAndThenWhoeverHasNothingAtWork() throws Exception {
        Held held = new Held();
        TestNode node = node(TestNode.on(database).job("one", job("one", policy(0, 2, 2), held.work())));
        queue(node, TestNode.WORKSPACE, "one", "first", null);
        queue(node, TestNode.WORKSPACE, "one", "second", null);
        assertThat(List.of(String.valueOf(held.next()), String.valueOf(held.next())))
                .containsExactlyInAnyOrder("one first", "one second");
        queue(node, TestNode.WORKSPACE, "one", "greedy", null);
        queue(node, TestNode.OTHER_WORKSPACE, "one", "modest", null);
        long urgent = queue(node, TestNode.WORKSPACE, "one", "urgent", 10).runId();
        awaitWaiting(urgent, "one of 2 runs");

        held.ends.release();
        assertThat(held.next()).isEqualTo("one urgent");
        held.ends.release();
        assertThat(held.next()).isEqualTo("one modest");
        held.ends.release();
        assertThat(held.next()).isEqualTo("one greedy");
        held.ends.release(10);
    }

    private void expire(TestNode node) {
        owner.sql("UPDATE nodes SET expires_at = '-infinity' WHERE boot_id = :node")
                .param("node", node.bootId())
                .update();
    }

    private void revive(TestNode node) {
        owner.sql("UPDATE nodes SET expires_at = clock_timestamp() + interval '1 hour' WHERE boot_id = :node")
                .param("node", node.bootId())
                .update();
    }

    @Test
    void aZombieCommitsNothingOnceAnotherNodeHasTakenOver() throws Exception {
        Copying zombie = new Copying();
        TestNode first =
                node(TestNode.on(database).job("copy", zombie.job("copy")).heldByTheTest());
        long run = first.launch("copy", Map.of()).runId();
        zombie.permits.release(3);
        await("three rows", () -> number("SELECT count(*) FROM copied") == 3);
        Copying living = new Copying();
        living.permits.release(4);
        TestNode second =
                node(TestNode.on(database).job("copy", living.job("copy")).adopting());
        expire(first);
        await("the takeover", () -> number("SELECT count(*) FROM copied") == 7);

        zombie.permits.release(100);
        await("the zombie's end", first::isIdle);
        assertThat(zombie.permits.availablePermits()).as("its one try").isEqualTo(99);
        assertThat(number("SELECT count(*) FROM batch_job_execution")).isEqualTo(2);
        assertThat(number("SELECT count(*) FROM copied")).isEqualTo(7);
        living.permits.release(3);

        assertThat(second.finished(run).status()).isEqualTo("COMPLETED");
        assertThat(first.finished(run).status()).isEqualTo("COMPLETED");
        assertThat(living.written).containsExactly(4, 5, 6, 7, 8, 9, 10);
        assertThat(number("SELECT count(DISTINCT run_id) FROM copied")).isEqualTo(2);
        assertThat(number("SELECT count(*) FROM batch_job_execution WHERE status = 'COMPLETED'"))
                .isEqualTo(1);
    }

    @Test
    void aProcessThatWasTakenForDeadBeginsNothingAnewThatItStillWorksOn() throws Exception {
        Copying zombie = new Copying();
        TestNode first = node(TestNode.on(database)
                .job("copy", zombie.job("copy"))
                .job("brief", job("brief", FREE, (c, x) -> RepeatStatus.FINISHED))
                .heldByTheTest());
        long run = first.launch("copy", Map.of()).runId();
        zombie.permits.release(3);
        await("three rows", () -> number("SELECT count(*) FROM copied") == 3);
        // It ends what the dead leave, and knows no job to go on with.
        TestNode second = node(TestNode.on(database)
                .job("other", job("other", FREE, (c, x) -> RepeatStatus.FINISHED))
                .adopting());
        expire(first);
        await("the taking over", () -> number("SELECT deaths FROM launches") == 1);
        second.close();
        revive(first);

        // Whoever starts this one has looked at the other, which is due.
        first.finished(first.launch("brief", Map.of()).runId());
        assertThat(state(run)).isEqualTo("waiting");
        assertThat(number("SELECT count(*) FROM batch_job_execution JOIN batch_job_instance USING (job_instance_id)"
                        + " WHERE job_name = 'copy'"))
                .isEqualTo(1);

        zombie.permits.release(8);
        assertThat(first.finished(run).status()).isEqualTo("COMPLETED");
        // The fourth twice: its first commit came too late.
        assertThat(zombie.written).containsExactly(1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10);
        assertThat(number("SELECT count(*) FROM copied")).isEqualTo(10);
    }

    @Test
    void aProcessThatIsTakenForDeadBeginsNothingBeforeItHasBeatenAgain() throws Exception {
        TestNode node = node(TestNode.on(database)
                .job("brief", job("brief", FREE, (c, x) -> RepeatStatus.FINISHED))
                .heldByTheTest());
        expire(node);
        long run = node.launch("brief", Map.of()).runId();
        assertThat(node.runs().resumeOrphans()).isEmpty();
        assertThat(state(run)).isEqualTo("queued");

        revive(node);
        assertThat(node.finished(run).status()).isEqualTo("COMPLETED");
    }

    @Test
    void aRunThatWasStoppedForShutdownIsGoneOnWithByTheNextNodeAndCountsAsNoFailure() throws Exception {
        Copying before = new Copying();
        TestNode first = TestNode.on(database).job("copy", before.job("copy")).start();
        long run = first.launch("copy", Map.of()).runId();
        before.permits.release(3);
        await("three rows", () -> number("SELECT count(*) FROM copied") == 3);
        Future<?> closing = threads.submit(first::close);
        await("the shutdown", () -> {
            before.permits.release();
            return closing.isDone();
        });
        long copied = number("SELECT count(*) FROM copied");
        assertThat(copied).isBetween(3L, 9L);
        assertThat(state(run)).isEqualTo("waiting");
        Copying after = new Copying();
        after.permits.release(10);
        TestNode second =
                node(TestNode.on(database).job("copy", after.job("copy")).adopting());

        assertThat(second.finished(run).status()).isEqualTo("COMPLETED");
        assertThat(number("SELECT count(*) FROM copied")).isEqualTo(10);
        assertThat(number("SELECT failures + deaths FROM launches")).isZero();
        assertThat(number("SELECT count(*) FROM run_failures")).isZero();
    }

    @Test
    void aRunIsNotGoneOnWithByAProgramWhoseJobHasLostAStep() throws Exception {
        TestNode old = node(TestNode.on(database).job("steps", job("steps", FREE, FAILING, "read", "weigh", "write")));
        long run = old.launch("steps", Map.of()).runId();
        old.finished(run);
        TestNode renamed =
                node(TestNode.on(database).job("steps", job("steps", FREE, FAILING, "read", "measure", "write")));
        TestNode moved =
                node(TestNode.on(database).job("steps", job("steps", FREE, FAILING, "weigh", "read", "write")));
        TestNode longer =
                node(TestNode.on(database).job("steps", job("steps", FREE, FAILING, "read", "weigh", "write", "tell")));

        assertThatThrownBy(() -> renamed.resume(run))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("no step weigh any more");
        assertThatThrownBy(() -> moved.resume(run))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("another order");
        assertThat(longer.resume(run)).isGreaterThan(run);
    }

    @Test
    void aLaunchThatWaitsIsLeftAloneByAProgramWhoseJobHasLostAStep() throws Exception {
        TestNode old = node(TestNode.on(database)
                .job(
                        "steps",
                        job(
                                "steps",
                                FREE,
                                (contribution, context) -> {
                                    throw new Busy();
                                },
                                "read",
                                "weigh")));
        long run = old.launch("steps", Map.of()).runId();
        await("waits", () -> state(run).equals("waiting"));
        old.close();
        node(TestNode.on(database)
                .job("steps", job("steps", FREE, FAILING, "read"))
                .adopting());
        due(run);

        awaitWaiting(run, "no step weigh any more");
        assertThat(state(run)).isEqualTo("waiting");
    }
}
