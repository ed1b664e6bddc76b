package dev.tidemill.run.alerts;

import dev.tidemill.run.Control;
import dev.tidemill.run.LaunchRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Tells operators what happens. One thread decides who is told of what, and each channel has one that tells it: a
/// receiver that does not answer holds up neither a run nor another receiver. Any number of processes may do so at
/// a time.
public final class Alerts implements SmartLifecycle, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Alerts.class);

    private static final int EVENTS_AT_A_TIME = 500;

    /// Longer than the longest try.
    private static final Duration CLAIM = Duration.ofMinutes(2);

    private static final Duration CLEAN_UP = Duration.ofHours(1);

    private static final Duration CHECK = Duration.ofSeconds(15);

    private final Control control;
    private final Deliveries deliveries;
    private final Watch watch;
    private final Invariants invariants;
    private final AlertProperties properties;
    private final Posts posts;
    private final List<Channel> channels;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final boolean delivers;
    private final List<Thread> threads = new ArrayList<>();
    private Instant cleanedUp = Instant.MIN;
    private Instant checked = Instant.MIN;
    private volatile boolean running;
    private volatile CountDownLatch stopping = new CountDownLatch(1);

    Alerts(
            Control control,
            Watch watch,
            Invariants invariants,
            AlertProperties properties,
            Posts posts,
            List<Channel> channels,
            InstantSource clock,
            RandomGenerator random,
            boolean delivers) {
        this.control = control;
        this.deliveries = new Deliveries(control.jdbc());
        this.watch = watch;
        this.invariants = invariants;
        this.properties = properties;
        this.posts = posts;
        this.channels = List.copyOf(channels);
        this.clock = clock;
        this.random = random;
        this.delivers = delivers;
    }

    /// An event as the API shows it.
    public record EventView(
            UUID id,
            OffsetDateTime at,
            String type,
            String severity,
            String dedupeKey,
            String message,
            JsonNode data,
            boolean open,
            @Nullable OffsetDateTime resolvedAt,
            @Nullable UUID resolves) {}

    /// What became of an event at a channel.
    public record DeliveryView(
            UUID eventId,
            String type,
            String channel,
            @Nullable UUID messageId,
            String state,
            int attempts,
            @Nullable OffsetDateTime nextAt,
            @Nullable OffsetDateTime endedAt,
            @Nullable String lastError,
            List<AttemptView> log) {}

    /// One try.
    public record AttemptView(
            int attempt,
            OffsetDateTime at,
            boolean delivered,
            @Nullable Integer status,
            long millis,
            @Nullable String error) {}

    /// A channel as it is configured, without its address.
    public record ChannelView(
            String name,
            String type,
            List<String> events,
            String minSeverity,
            @Nullable Duration digest,
            long pending,
            @Nullable String disabled) {}

    /// The outcome of a test message.
    public record TestView(
            boolean delivered,
            @Nullable Integer status,
            long millis,
            @Nullable String error) {}

    public List<ChannelView> channels() {
        return control.call(() -> properties.channels().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> new ChannelView(
                        entry.getKey(),
                        entry.getValue().type().name().toLowerCase(Locale.ROOT),
                        entry.getValue().events(),
                        entry.getValue().minSeverity().column(),
                        entry.getValue().digest(),
                        deliveries.pending(entry.getKey()),
                        deliveries.disabled(entry.getKey()).orElse(null)))
                .toList());
    }

    /// Sends a test message at once. A disabled channel whose receiver takes it is used again.
    ///
    /// @return empty when there is no such channel
    public Optional<TestView> test(String name, UUID workspaceId) {
        Channel channel = channels.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElse(null);
        if (channel == null) {
            return Optional.empty();
        }
        UUID id = UUID.randomUUID();
        Message message = new Message(
                id,
                List.of(new Message.Told(
                        id,
                        workspaceId,
                        clock.instant(),
                        "alerts.test",
                        Severity.INFO,
                        "alerts.test",
                        "A test of the channel " + name,
                        JsonMapper.shared().createObjectNode())));
        long begun = System.nanoTime();
        Answer answer = channel.sender().send(message);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        if (answer.arrived() && control.call(() -> deliveries.enable(name))) {
            log.info("channel {} is used again", name);
        }
        return Optional.of(new TestView(answer.arrived(), answer.status(), millis, answer.error()));
    }

    /// Whether messages are sent by this process.
    public boolean delivers() {
        return delivers;
    }

    /// The newest events of a workspace and of the installation, newest first.
    public List<EventView> events(UUID workspaceId, boolean openOnly, int limit) {
        return control.call(() -> control.jdbc()
                .sql("""
                        SELECT id, at, type, severity, dedupe_key, message, data, open, resolved_at, resolves FROM events
                        WHERE workspace_id IN (:workspace, :installation) AND (open OR NOT :openOnly)
                        ORDER BY sequence DESC LIMIT :limit
                        """)
                .param("workspace", workspaceId)
                .param("installation", LaunchRequest.INSTALLATION)
                .param("openOnly", openOnly)
                .param("limit", limit)
                .query((row, number) -> new EventView(
                        row.getObject("id", UUID.class),
                        row.getObject("at", OffsetDateTime.class),
                        row.getString("type"),
                        row.getString("severity"),
                        row.getString("dedupe_key"),
                        row.getString("message"),
                        JsonMapper.shared().readTree(row.getString("data")),
                        row.getBoolean("open"),
                        row.getObject("resolved_at", OffsetDateTime.class),
                        row.getObject("resolves", UUID.class)))
                .list());
    }

    /// How many troubles last, by type, over all workspaces.
    public Map<String, Long> openByType() {
        return control.call(() -> {
            Map<String, Long> open = new TreeMap<>();
            control.jdbc()
                    .sql("SELECT type, count(*) FROM events WHERE open GROUP BY type")
                    .query(row -> {
                        open.put(row.getString(1), row.getLong(2));
                    });
            return open;
        });
    }

    /// The newest deliveries of a workspace's events and of the installation's, with their tries.
    public List<DeliveryView> deliveries(UUID workspaceId, int limit) {
        return control.call(() -> control.jdbc()
                .sql("""
                        SELECT d.workspace_id, d.event_id, e.type, d.channel, d.message_id, d.state, d.attempts, d.due_at, d.ended_at,
                               d.last_error
                        FROM alert_deliveries d JOIN events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
                        WHERE d.workspace_id IN (:workspace, :installation)
                        ORDER BY e.sequence DESC, d.channel LIMIT :limit
                        """)
                .param("workspace", workspaceId)
                .param("installation", LaunchRequest.INSTALLATION)
                .param("limit", limit)
                .query((row, number) -> {
                    UUID message = row.getObject("message_id", UUID.class);
                    boolean pending = row.getString("state").equals("pending");
                    return new DeliveryView(
                            row.getObject("event_id", UUID.class),
                            row.getString("type"),
                            row.getString("channel"),
                            message,
                            row.getString("state"),
                            row.getInt("attempts"),
                            pending ? row.getObject("due_at", OffsetDateTime.class) : null,
                            row.getObject("ended_at", OffsetDateTime.class),
                            row.getString("last_error"),
                            message == null ? List.of() : attempts(row.getObject("workspace_id", UUID.class), message));
                })
                .list());
    }

    private List<AttemptView> attempts(UUID workspaceId, UUID messageId) {
        return control.jdbc()
                .sql("""
                        SELECT attempt, at, delivered, status, latency_ms, error FROM alert_attempts
                        WHERE workspace_id = :workspace AND message_id = :message ORDER BY attempt
                        """)
                .param("workspace", workspaceId)
                .param("message", messageId)
                .query((row, number) -> new AttemptView(
                        row.getInt("attempt"),
                        row.getObject("at", OffsetDateTime.class),
                        row.getBoolean("delivered"),
                        row.getObject("status", Integer.class),
                        row.getLong("latency_ms"),
                        row.getString("error")))
                .list();
    }

    /// Notices what changed and decides who is told of new events.
    ///
    /// @return how many events were looked at
    int route() {
        Instant now = clock.instant();
        return control.call(() -> {
            watch.look();
            if (!checked.isAfter(now.minus(CHECK))) {
                invariants.look();
                checked = now;
            }
            List<Message.Told> fresh = deliveries.unrouted(EVENTS_AT_A_TIME);
            for (Message.Told event : fresh) {
                boolean tooOld = event.at().isBefore(now.minus(properties.giveUpAfter()));
                for (Channel channel : channels) {
                    if (!tooOld
                            && channel.settings().wants(event.type(), event.severity())
                            && deliveries.disabled(channel.name()).isEmpty()) {
                        deliveries.plan(
                                event,
                                channel.name(),
                                now,
                                properties.group(),
                                channel.settings().digest());
                    }
                }
                deliveries.routed(event, now);
            }
            if (cleanedUp.isBefore(now.minus(CLEAN_UP))) {
                deliveries.forget(now.minus(properties.keep()));
                cleanedUp = now;
            }
            return fresh.size();
        });
    }

    /// Tells a channel what is due, one message after the other.
    ///
    /// @return how many messages were tried
    int deliver(Channel channel) {
        int tried = 0;
        while (stopping.getCount() > 0 && !Thread.currentThread().isInterrupted()) {
            Instant now = clock.instant();
            Optional<Deliveries.Claim> claim =
                    control.call(() -> deliveries.claim(channel.name(), now, CLAIM, channel.quiet(now)));
            if (claim.isEmpty()) {
                break;
            }
            long begun = System.nanoTime();
            Answer answer = channel.sender().send(claim.get().message());
            if (Thread.currentThread().isInterrupted()) {
                // This process ends: the claim expires, and the next one tries.
                break;
            }
            record(channel, claim.get(), answer, now, Duration.ofNanos(System.nanoTime() - begun));
            tried++;
            if (!answer.arrived()) {
                // What comes after would fail as well; it waits for the next look.
                break;
            }
        }
        return tried;
    }

    private void record(Channel channel, Deliveries.Claim claim, Answer answer, Instant at, Duration took) {
        int attempts = claim.attempts() + 1;
        Instant next = answer.arrived() || answer.gone()
                ? null
                : Wait.next(attempts, claim.since(), at, properties.giveUpAfter(), random);
        control.run(() -> {
            deliveries.tried(claim, answer, at, took, next);
            if (answer.gone()) {
                deliveries.disable(channel.name(), String.valueOf(answer.error()), at);
            }
        });
        if (answer.gone()) {
            log.warn(
                    "channel {} is disabled: its receiver answered 410; a successful test enables it again",
                    channel.name());
        } else if (!answer.arrived()) {
            log.warn(
                    "channel {} could not be told ({}); {}",
                    channel.name(),
                    answer.error(),
                    next == null ? "given up" : "tried again at " + next);
        }
    }

    private void loop(Runnable work, String what) {
        while (running) {
            try {
                work.run();
            } catch (DataAccessException | TransactionException e) {
                log.warn("{} had to wait: {}", what, e.getMessage());
            } catch (RuntimeException e) {
                log.error("{} failed; it is tried again in {}", what, properties.interval(), e);
            }
            try {
                if (stopping.await(properties.interval().toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    @Override
    public void start() {
        running = true;
        stopping = new CountDownLatch(1);
        if (!delivers) {
            return;
        }
        threads.add(Thread.ofVirtual().name("alerts").start(() -> loop(this::route, "routing of alerts")));
        for (Channel channel : channels) {
            threads.add(Thread.ofVirtual()
                    .name("alerts-" + channel.name())
                    .start(() -> loop(() -> deliver(channel), "delivery to channel " + channel.name())));
        }
    }

    @Override
    public void stop() {
        running = false;
        stopping.countDown();
        for (Thread thread : threads) {
            try {
                if (!thread.join(Duration.ofSeconds(5))) {
                    // It waits for a receiver. An interrupt would break a connection of the database, so it is the
                    // last resort.
                    thread.interrupt();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        threads.clear();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /// Stopped after the runs, whose last events it may still tell.
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 200;
    }

    @Override
    public void close() {
        posts.close();
    }
}
