package dev.tidemill.run.alerts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.Control;
import dev.tidemill.run.RunEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import tools.jackson.databind.JsonNode;

/// With the real database, a receiver and a mail server of the JDK, and a clock that the tests drive.
class AlertsTest {

    private static final UUID WORKSPACE = UUID.fromString("00000000-0000-4000-8000-00000000000a");
    private static final byte[] SECRET = "a secret of at least 24 bytes".getBytes(StandardCharsets.UTF_8);
    private static final String SECRET_TEXT = "whsec_" + Base64.getEncoder().encodeToString(SECRET);

    private static final TestDatabase database = TestDatabase.create();
    private static final HikariDataSource pool = pool();

    private final JdbcClient jdbc = JdbcClient.create(pool);
    private final Control control = new Control(new JdbcTransactionManager(pool), jdbc);
    private final Outbox outbox = new Outbox(control.jdbc());
    private final Receiver receiver = new Receiver();
    private final SmtpServer smtp = new SmtpServer();
    private final List<Alerts> opened = new ArrayList<>();
    private Instant now = Instant.now();

    private static HikariDataSource pool() {
        HikariDataSource source = new HikariDataSource();
        source.setJdbcUrl(database.jdbcUrl());
        source.setUsername(database.username());
        source.setPassword(database.password());
        source.setMaximumPoolSize(5);
        return source;
    }

    @BeforeEach
    void startEmptyFromTheDatabasesTime() {
        jdbc.sql(
                        "TRUNCATE events, alert_deliveries, alert_attempts, alert_channels, nodes, dead_letters, batch_job_instance"
                                + " CASCADE")
                .update();
        now = jdbc.sql("SELECT clock_timestamp()")
                .query((row, number) -> row.getTimestamp(1))
                .single()
                .toInstant()
                .plusMillis(1);
    }

    @AfterEach
    void close() {
        opened.forEach(Alerts::close);
        receiver.close();
        smtp.close();
    }

    @AfterAll
    static void drop() {
        pool.close();
        database.close();
    }

    private static AlertProperties.Channel channel(
            AlertProperties.Type type, @Nullable String url, @Nullable Duration digest, Severity least) {
        return new AlertProperties.Channel(
                type,
                url,
                null,
                type == AlertProperties.Type.WEBHOOK ? "HOOK_SECRET" : null,
                type == AlertProperties.Type.MAIL ? List.of("operator@example.org", "second@example.org") : List.of(),
                List.of("*"),
                least,
                digest,
                null);
    }

    private AlertProperties.Channel webhook() {
        return channel(AlertProperties.Type.WEBHOOK, receiver.url(), null, Severity.INFO);
    }

    private record Worker(Alerts alerts, List<Channel> channels) {

        int look() {
            alerts.route();
            return channels.stream().mapToInt(alerts::deliver).sum();
        }
    }

    private Worker worker(Map<String, AlertProperties.Channel> channels) {
        AlertProperties properties = new AlertProperties(
                channels,
                new AlertProperties.Smtp(
                        "127.0.0.1", smtp.port(), "tidemill@example.org", null, null, AlertProperties.Tls.NONE),
                Duration.ofSeconds(1),
                Duration.ofMinutes(1),
                Duration.ofDays(3),
                Duration.ofDays(30),
                3);
        Posts posts = new Posts();
        List<Channel> built =
                Channel.all(properties, posts, () -> now, name -> "HOOK_SECRET".equals(name) ? SECRET_TEXT : null);
        Alerts alerts = new Alerts(
                control,
                new Watch(control.jdbc(), outbox, properties.deadLetters()),
                new Invariants(control.jdbc(), outbox),
                properties,
                posts,
                built,
                () -> now,
                new Random(1),
                true);
        opened.add(alerts);
        return new Worker(alerts, built);
    }

    private static Event event(String type, String key) {
        return new Event(WORKSPACE, type, Severity.ERROR, key, type + " for " + key, Map.of("job", "ingest"));
    }

    private static RunEvent run(RunEvent.Kind kind, long id) {
        return new RunEvent(kind, WORKSPACE, "ingest", "/corpus", "api", 1, id, "disk on fire", 0);
    }

    private void tell(RunEvent event) {
        control.run(() -> new RunAlerts(outbox).observe(event));
    }

    private void add(Event event) {
        control.run(() -> outbox.add(event));
    }

    @Test
    void aMessageIsSignedAsStandardWebhooksSay() throws Exception {
        Worker worker = worker(Map.of("ops", webhook()));
        add(event("run.failed", "a"));

        worker.look();

        Receiver.Post post = receiver.posts.getFirst();
        String signed = post.header("webhook-id") + "." + post.header("webhook-timestamp") + "."
                + new String(post.body(), StandardCharsets.UTF_8);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
        assertThat(post.header("webhook-signature"))
                .isEqualTo("v1,"
                        + Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8))));
        assertThat(Long.parseLong(post.header("webhook-timestamp"))).isEqualTo(now.getEpochSecond());
        assertThat(post.json().path("type").asString()).isEqualTo("run.failed");
        assertThat(post.json().path("data").path("severity").asString()).isEqualTo("error");
        assertThat(post.json().path("data").path("data").path("job").asString()).isEqualTo("ingest");
    }

    @Test
    void aReceiverThatWasAwayIsToldOfEveryEventOnceWhenItIsBack() {
        Worker worker = worker(Map.of("ops", webhook()));
        receiver.status.set(503);
        add(event("run.failed", "a"));
        add(event("run.failed", "b"));
        int tries = 0;
        for (Instant end = now.plus(Duration.ofMinutes(10)); now.isBefore(end); now = now.plusSeconds(1)) {
            tries += worker.look();
        }
        receiver.status.set(200);
        List<String> failed = receiver.posts.stream()
                .map(post -> post.header("webhook-id"))
                .distinct()
                .toList();
        assertThat(tries).isEqualTo(receiver.posts.size()).isEqualTo(6);
        receiver.posts.clear();

        for (Instant end = now.plus(Duration.ofMinutes(40)); now.isBefore(end); now = now.plusSeconds(1)) {
            worker.look();
        }

        assertThat(receiver.posts).hasSize(2);
        // The same ids as before: a receiver that took one and lost its answer can tell.
        assertThat(receiver.posts.stream()
                        .map(post -> post.header("webhook-id"))
                        .toList())
                .containsExactlyInAnyOrderElementsOf(failed);
        List<Alerts.DeliveryView> deliveries = worker.alerts().deliveries(WORKSPACE, 10);
        assertThat(deliveries).hasSize(2).allSatisfy(delivery -> {
            assertThat(delivery.state()).isEqualTo("delivered");
            assertThat(delivery.log()).hasSize(4);
            assertThat(delivery.log().getFirst().status()).isEqualTo(503);
            assertThat(delivery.log().getLast().delivered()).isTrue();
        });
    }

    @Test
    void aMessageIsTriedUntil72HoursAreOverAndThenGivenUp() {
        Worker worker = worker(Map.of("ops", webhook()));
        receiver.status.set(500);
        add(event("run.failed", "a"));
        Instant start = now;
        List<Duration> tries = new ArrayList<>();
        while (now.isBefore(start.plus(Duration.ofHours(80)))) {
            if (worker.look() > 0) {
                tries.add(Duration.between(start, now));
            }
            Alerts.DeliveryView delivery =
                    worker.alerts().deliveries(WORKSPACE, 1).getFirst();
            if (delivery.nextAt() == null) {
                break;
            }
            now = delivery.nextAt().toInstant();
        }

        assertThat(tries.get(1)).isBetween(Duration.ofSeconds(5), Duration.ofMillis(5_500));
        assertThat(tries.get(2).minus(tries.get(1))).isBetween(Duration.ofMinutes(5), Duration.ofSeconds(330));
        assertThat(tries.getLast()).isEqualTo(Duration.ofDays(3));
        assertThat(tries).hasSize(11);
        assertThat(worker.alerts().deliveries(WORKSPACE, 1).getFirst().state()).isEqualTo("given_up");
    }

    @Test
    void theAnswer410DisablesTheChannelUntilATestArrives() {
        Worker worker = worker(Map.of("ops", webhook()));
        receiver.status.set(410);
        add(event("run.failed", "a"));
        add(event("run.failed", "b"));
        worker.look();
        assertThat(receiver.posts).hasSize(1);
        add(event("run.failed", "c"));
        now = now.plus(Duration.ofHours(1));
        worker.look();
        assertThat(receiver.posts).hasSize(1);
        assertThat(worker.alerts().channels().getFirst().disabled()).contains("410");
        assertThat(worker.alerts().deliveries(WORKSPACE, 9))
                .hasSize(2)
                .allMatch(one -> one.state().equals("given_up"));

        assertThat(worker.alerts().test("ops", WORKSPACE).orElseThrow().delivered())
                .isFalse();
        assertThat(worker.alerts().channels().getFirst().disabled()).isNotNull();
        receiver.status.set(200);
        assertThat(worker.alerts().test("ops", WORKSPACE).orElseThrow().delivered())
                .isTrue();
        add(event("run.failed", "d"));
        worker.look();

        assertThat(worker.alerts().channels().getFirst().disabled()).isNull();
        assertThat(receiver.posts
                        .getLast()
                        .json()
                        .path("data")
                        .path("dedupeKey")
                        .asString())
                .isEqualTo("d");
        assertThat(worker.alerts().test("nobody", WORKSPACE)).isEmpty();
    }

    @Test
    void aRedirectIsAFailureAndNotFollowed() {
        Worker worker = worker(Map.of("ops", webhook()));
        receiver.status.set(302);
        add(event("run.failed", "a"));

        worker.look();

        assertThat(receiver.posts).hasSize(1);
        assertThat(worker.alerts().deliveries(WORKSPACE, 1).getFirst().lastError())
                .contains("302");
    }

    @ParameterizedTest
    @CsvSource({"59, 1, 60", "60, 2, 60"})
    void eventsOfOneTroubleWithinAMinuteAreToldTogether(int seconds, int messages, int later) {
        Worker worker = worker(Map.of("ops", webhook()));
        add(event("run.retrying", "a"));
        worker.look();
        now = now.plusSeconds(seconds);
        add(event("run.recovered", "a"));
        add(event("run.failed", "a"));
        add(event("run.failed", "other"));
        worker.look();
        // "other" is another trouble and never waits.
        assertThat(receiver.posts).hasSize(messages + 1);

        now = now.plusSeconds(later);
        worker.look();

        assertThat(receiver.posts).hasSize(3);
        JsonNode together = receiver.posts.stream()
                .map(Receiver.Post::json)
                .filter(json -> json.path("data").has("earlier"))
                .findFirst()
                .orElseThrow();
        assertThat(together.path("type").asString()).isEqualTo("run.failed");
        assertThat(together.path("data").path("earlier").get(0).path("type").asString())
                .isEqualTo("run.recovered");
    }

    @Test
    void theEndOfATroubleRefersToItAndIsToldOnce() {
        Worker worker = worker(Map.of("ops", webhook()));
        tell(run(RunEvent.Kind.STARTED, 1));
        tell(run(RunEvent.Kind.RETRYING, 1));
        tell(run(RunEvent.Kind.FAILED, 2));
        worker.look();
        Alerts.EventView failed = worker.alerts().events(WORKSPACE, true, 10).getFirst();
        assertThat(failed.type()).isEqualTo("run.failed");
        assertThat(worker.alerts().events(WORKSPACE, true, 10)).hasSize(1);

        tell(run(RunEvent.Kind.COMPLETED, 3));
        tell(run(RunEvent.Kind.COMPLETED, 4));

        List<Alerts.EventView> events = worker.alerts().events(WORKSPACE, false, 10);
        assertThat(events.stream().map(Alerts.EventView::type))
                .containsExactly("run.completed", "run.failed.resolved", "run.completed", "run.failed", "run.retrying");
        assertThat(events.get(1).resolves()).isEqualTo(failed.id());
        assertThat(events.get(1).severity()).isEqualTo("error");
        assertThat(worker.alerts().events(WORKSPACE, true, 10)).isEmpty();
    }

    @Test
    void whatIsRolledBackIsNotTold() {
        Worker worker = worker(Map.of("ops", webhook()));

        assertThatThrownBy(() -> control.run(() -> {
                    outbox.add(event("run.failed", "a"));
                    throw new IllegalStateException("no commit");
                }))
                .hasMessage("no commit");

        assertThat(worker.look()).isZero();
        assertThat(receiver.posts).isEmpty();
    }

    @Test
    void manyProcessesTellAnEventOnce() throws Exception {
        for (int i = 0; i < 40; i++) {
            add(event("run.failed", "subject " + i));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Integer>> looks = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Worker worker = worker(Map.of("ops", webhook()));
                looks.add(worker::look);
            }
            int tried = 0;
            for (Future<Integer> look : threads.invokeAll(looks)) {
                tried += look.get();
            }
            assertThat(tried).isLessThanOrEqualTo(40);
        }
        worker(Map.of("ops", webhook())).look();

        assertThat(receiver.posts).hasSize(40);
        assertThat(receiver.posts.stream()
                        .map(post -> post.json().path("data").path("id").asString())
                        .distinct())
                .hasSize(40);
    }

    @Test
    void whatADeadProcessHadInHandIsTriedAgainWithTheSameId() {
        Worker worker = worker(Map.of("ops", webhook()));
        add(event("run.failed", "a"));
        worker.alerts().route();
        UUID taken = control.call(() -> new Deliveries(control.jdbc())
                .claim("ops", now, Duration.ofMinutes(2), false)
                .orElseThrow()
                .message()
                .id());

        now = now.plusSeconds(119);
        assertThat(worker.look()).isZero();
        now = now.plusSeconds(1);
        assertThat(worker.look()).isEqualTo(1);

        assertThat(receiver.posts.getFirst().header("webhook-id")).isEqualTo(taken.toString());
    }

    @Test
    void aDeadChannelDoesNotKeepAnotherFromBeingTold() {
        Map<String, AlertProperties.Channel> channels = new HashMap<>();
        channels.put("dead", channel(AlertProperties.Type.SLACK, "http://127.0.0.1:1/", null, Severity.INFO));
        channels.put("alive", channel(AlertProperties.Type.SLACK, receiver.url(), null, Severity.INFO));
        Worker worker = worker(channels);
        add(new Event(WORKSPACE, "run.failed", Severity.ERROR, "a", "<b> & c", Map.of()));

        worker.look();

        JsonNode body = receiver.posts.getFirst().json();
        assertThat(body.path("text").asString()).contains("run.failed").contains("&lt;b&gt; &amp; c");
        assertThat(body.path("blocks").get(0).path("text").path("type").asString())
                .isEqualTo("mrkdwn");
        assertThat(worker.alerts().deliveries(WORKSPACE, 9))
                .extracting(Alerts.DeliveryView::state)
                .containsExactly("delivered", "pending");
    }

    @Test
    void mailGoesToAllAddressesAndADigestCollects() {
        Worker worker = worker(Map.of(
                "at-once", channel(AlertProperties.Type.MAIL, null, null, Severity.ERROR),
                "daily", channel(AlertProperties.Type.MAIL, null, Duration.ofHours(24), Severity.INFO)));
        smtp.refuses = true;
        add(event("run.failed", "a"));
        worker.look();
        smtp.refuses = false;
        assertThat(worker.alerts().deliveries(WORKSPACE, 9).getFirst().lastError())
                .contains("451");
        now = now.plusSeconds(6);
        worker.look();
        assertThat(smtp.mails).hasSize(1);
        assertThat(smtp.mails.getFirst().to()).containsExactly("operator@example.org", "second@example.org");
        assertThat(smtp.mails.getFirst().from()).isEqualTo("tidemill@example.org");
        assertThat(smtp.mails.getFirst().content())
                .contains("Subject: [tidemill] error: run.failed")
                .contains("run.failed for a");

        add(new Event(WORKSPACE, "run.completed", Severity.INFO, "b", "run 7 completed", Map.of()));
        now = now.plus(Duration.ofHours(23));
        worker.look();
        assertThat(smtp.mails).hasSize(1);
        now = now.plus(Duration.ofHours(1));
        worker.look();

        assertThat(smtp.mails).hasSize(2);
        assertThat(smtp.mails.getLast().content()).contains("run.failed for a").contains("run 7 completed");
    }

    @Test
    void whatNobodyWaitedForIsNotToldToAChannelThatComesLater() {
        add(event("run.failed", "a"));
        worker(Map.of()).look();

        assertThat(worker(Map.of("ops", webhook())).look()).isZero();
    }

    @Test
    void aLostServerIsToldAndOneThatSaidGoodByeIsNot() {
        jdbc.sql("""
                        INSERT INTO nodes (boot_id, name, pid, version, adopts, expires_at, stopped_at) VALUES
                          (gen_random_uuid(), 'gone', 1, '1', true, clock_timestamp() - interval '1 second', NULL),
                          (gen_random_uuid(), 'stopped', 1, '1', true, '-infinity', now()),
                          (gen_random_uuid(), 'command', 1, '1', false, '-infinity', NULL),
                          (gen_random_uuid(), 'alive', 1, '1', true, clock_timestamp() + interval '1 hour', NULL)
                        """).update();
        Worker worker = worker(Map.of());

        worker.look();
        worker.look();

        assertThat(worker.alerts().events(WORKSPACE, true, 10))
                .singleElement()
                .satisfies(event -> assertThat(event.message()).contains("gone"));
        jdbc.sql("UPDATE nodes SET expires_at = clock_timestamp() + interval '1 hour' WHERE name = 'gone'")
                .update();
        worker.look();
        assertThat(worker.alerts().events(WORKSPACE, false, 10).getFirst().type())
                .isEqualTo("node.lost.resolved");
    }

    @Test
    void deadLettersThatPileUpAreToldUntilTheyAreResolved() {
        Worker worker = worker(Map.of());
        letters(0, 2);
        worker.look();
        assertThat(worker.alerts().events(WORKSPACE, true, 10)).isEmpty();
        letters(2, 3);
        worker.look();
        worker.look();
        assertThat(worker.alerts().events(WORKSPACE, false, 10))
                .singleElement()
                .satisfies(event -> assertThat(event.type()).isEqualTo("dead_letters.growing"));
        jdbc.sql("UPDATE dead_letters SET resolved_at = now() WHERE item_key = '0'")
                .update();
        worker.look();
        assertThat(worker.alerts().events(WORKSPACE, true, 10)).isEmpty();
    }

    @Test
    void aRunThatNobodyCaresForIsAViolatedInvariantUntilSomebodyDoes() {
        jdbc.sql(
                        "INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key) VALUES (7, 0, 'ingest', 'k')")
                .update();
        jdbc.sql("""
                        INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash,
                          requested_by, requested_on, started_at)
                        VALUES (:workspace, 7, 'ingest', 's', 'running', 'api', 'i', '', 'a', :workspace,
                          clock_timestamp() - interval '50 seconds')
                        """).param("workspace", WORKSPACE).update();
        Invariants invariants = new Invariants(control.jdbc(), outbox);
        control.run(invariants::look);
        assertThat(invariants.count("running_without_lease")).isZero();

        jdbc.sql("UPDATE launches SET started_at = clock_timestamp() - interval '61 seconds'")
                .update();
        control.run(invariants::look);
        control.run(invariants::look);

        assertThat(invariants.count("running_without_lease")).isEqualTo(1);
        Worker worker = worker(Map.of());
        assertThat(worker.alerts().events(WORKSPACE, true, 10))
                .singleElement()
                .satisfies(event -> assertThat(event.type()).isEqualTo("invariant.violated"));
        jdbc.sql("INSERT INTO nodes (boot_id, name, pid, version, adopts, expires_at)"
                        + " VALUES (:node, 'n', 1, '1', true, clock_timestamp() + interval '1 hour')")
                .param("node", WORKSPACE)
                .update();
        jdbc.sql("INSERT INTO job_leases (job_instance_id, boot_id) VALUES (7, :node)")
                .param("node", WORKSPACE)
                .update();
        control.run(invariants::look);
        assertThat(worker.alerts().events(WORKSPACE, true, 10)).isEmpty();
        assertThat(invariants.count("running_without_lease")).isEqualTo(1);
    }

    private void letters(int from, int to) {
        for (int i = from; i < to; i++) {
            jdbc.sql("""
                            INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail)
                            VALUES (:workspace, 'ingest', 'extract', :item, 1, 'EMPTY', '')
                            """)
                    .param("workspace", WORKSPACE)
                    .param("item", Integer.toString(i))
                    .update();
        }
    }

    @Test
    void oldEventsAreForgottenAndOpenOnesKept() {
        Worker worker = worker(Map.of());
        add(event("run.failed", "old"));
        control.run(() -> outbox.raise(event("run.failed", "open")));
        worker.look();
        now = now.plus(Duration.ofDays(31));

        worker.look();

        assertThat(worker.alerts().events(WORKSPACE, false, 10))
                .singleElement()
                .satisfies(event -> assertThat(event.dedupeKey()).isEqualTo("open"));
    }

    @ParameterizedTest
    @CsvSource({
        "*, WARNING, run.failed, ERROR, true",
        "*, ERROR, run.failed, WARNING, false",
        "run.*, INFO, node.lost, ERROR, false",
        "run.failed, INFO, run.failed.resolved, ERROR, true",
        "run.failed, INFO, run.completed, ERROR, false"
    })
    void aChannelChoosesByTypeAndSeverity(
            String pattern, Severity least, String type, Severity severity, boolean wanted) {
        AlertProperties.Channel channel = new AlertProperties.Channel(
                AlertProperties.Type.SLACK, "http://x", null, null, List.of(), List.of(pattern), least, null, null);

        assertThat(channel.wants(type, severity)).isEqualTo(wanted);
    }

    @ParameterizedTest
    @CsvSource({
        "22:00, 07:00, 21:59, false", "22:00, 07:00, 22:00, true", "22:00, 07:00, 06:59, true",
        "22:00, 07:00, 07:00, false", "12:00, 13:00, 12:30, true", "12:00, 13:00, 13:00, false"
    })
    void quietHoursMayGoOverMidnight(LocalTime from, LocalTime to, LocalTime at, boolean quiet) {
        AlertProperties.Channel settings = new AlertProperties.Channel(
                AlertProperties.Type.SLACK,
                "http://x",
                null,
                null,
                List.of(),
                List.of("*"),
                Severity.INFO,
                null,
                new AlertProperties.Quiet(from, to, ZoneOffset.UTC));
        Channel channel = new Channel("c", settings, new SlackSender(new Posts(), java.net.URI.create("http://x")));

        assertThat(channel.quiet(at.atDate(java.time.LocalDate.EPOCH).toInstant(ZoneOffset.UTC)))
                .isEqualTo(quiet);
    }

    @Test
    void inQuietHoursOnlyWhatIsCriticalIsTold() {
        LocalTime time = now.atZone(ZoneOffset.UTC).toLocalTime();
        AlertProperties.Channel quiet = new AlertProperties.Channel(
                AlertProperties.Type.SLACK,
                receiver.url(),
                null,
                null,
                List.of(),
                List.of("*"),
                Severity.INFO,
                null,
                new AlertProperties.Quiet(time.minusMinutes(1), time.plusMinutes(10), ZoneOffset.UTC));
        Worker worker = worker(Map.of("ops", quiet));
        add(event("run.failed", "a"));
        add(new Event(WORKSPACE, "run.needs_operator", Severity.CRITICAL, "b", "look", Map.of()));
        worker.look();
        assertThat(receiver.posts).hasSize(1);
        assertThat(receiver.posts.getFirst().json().path("text").asString()).contains("run.needs_operator");

        now = now.plus(Duration.ofMinutes(11));
        worker.look();

        assertThat(receiver.posts).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({
        "'', 'HOOK_SECRET, which is not set'",
        "sesame, does not begin with whsec_",
        "whsec_sesame!, is no Base64",
        "whsec_c2VzYW1l, holds 6 bytes"
    })
    void aWrongSecretIsRefusedAtTheStartAndNotShown(String secret, String said) {
        AlertProperties properties = new AlertProperties(
                Map.of("ops", webhook()),
                null,
                Duration.ofSeconds(1),
                Duration.ofMinutes(1),
                Duration.ofDays(3),
                Duration.ofDays(30),
                3);

        assertThatThrownBy(() -> Channel.all(properties, new Posts(), () -> now, name -> secret))
                .hasMessageContaining(said)
                .hasMessageNotContaining("sesame")
                .hasMessageNotContaining("c2VzYW1l");
    }
}
