package dev.tidemill.backup;

import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/// A bucket of an S3-compatible store. Credentials come from where AWS programs look for them; what the store
/// answers with 403 is not tried again, everything that may pass is.
final class S3Target implements Target {

    /// Held in memory for each thing being written; S3 takes no smaller pieces, and at most 10,000 of them.
    private static final int PIECE = 8 << 20;

    private static final int ATTEMPTS = 6;

    private final S3Client client;
    private final String bucket;
    private final String prefix;

    /// How a bucket is reached.
    ///
    /// @param endpoint of a store that is not AWS, empty for AWS
    /// @param region empty for what the environment says
    /// @param pathStyle bucket in the path instead of the host name, as most other stores want it
    /// @param checksums whether the store knows the newer checksums; older ones refuse them
    record Settings(
            String bucket,
            String prefix,
            String endpoint,
            String region,
            boolean pathStyle,
            boolean checksums,
            Duration timeout) {}

    S3Target(Settings settings) {
        this(settings, Duration.ofMillis(200));
    }

    /// As above, for tests that have no time.
    ///
    /// @param pause before the second try; grows with each further one
    S3Target(Settings settings, Duration pause) {
        this.bucket = settings.bucket();
        this.prefix = settings.prefix().isEmpty() || settings.prefix().endsWith("/")
                ? settings.prefix()
                : settings.prefix() + "/";
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(Duration.ofSeconds(5))
                        .socketTimeout(settings.timeout()))
                .forcePathStyle(settings.pathStyle())
                .overrideConfiguration(
                        override -> override.retryStrategy(AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                .maxAttempts(ATTEMPTS)
                                .backoffStrategy(BackoffStrategy.exponentialDelay(pause, Duration.ofSeconds(20)))
                                .throttlingBackoffStrategy(
                                        BackoffStrategy.exponentialDelay(pause.multipliedBy(5), Duration.ofSeconds(20)))
                                // The attempts bound it; a token bucket over all threads would give up on one for
                                // another's
                                // sake.
                                .circuitBreakerEnabled(false)
                                .build()))
                .requestChecksumCalculation(
                        settings.checksums()
                                ? RequestChecksumCalculation.WHEN_SUPPORTED
                                : RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(
                        settings.checksums()
                                ? ResponseChecksumValidation.WHEN_SUPPORTED
                                : ResponseChecksumValidation.WHEN_REQUIRED);
        if (!settings.endpoint().isBlank()) {
            builder.endpointOverride(URI.create(settings.endpoint()));
        }
        if (!settings.region().isBlank()) {
            builder.region(Region.of(settings.region()));
        } else if (!settings.endpoint().isBlank()) {
            // It has to be something to sign with; other stores do not care.
            builder.region(Region.US_EAST_1);
        }
        client = builder.build();
    }

    @Override
    public String description() {
        return "bucket " + bucket + (prefix.isEmpty() ? "" : " under " + prefix);
    }

    private interface Call<T> {
        T run();
    }

    private <T> T call(String what, Call<T> call) throws IOException {
        try {
            return call.run();
        } catch (SdkException e) {
            throw translated(what, e);
        }
    }

    private IOException translated(String what, SdkException e) {
        String said = what + " in " + description() + " failed: " + e.getMessage();
        if (e instanceof NoSuchKeyException || (e instanceof S3Exception s3 && s3.statusCode() == 404)) {
            FileNotFoundException missing = new FileNotFoundException(said);
            missing.initCause(e);
            return missing;
        }
        if (e instanceof AwsServiceException service) {
            int status = service.statusCode();
            if (status == 401 || status == 403) {
                return told(
                        said + ": the credentials are refused or have expired. Renew them where AWS programs look for"
                                + " them (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile), then resume the run",
                        e);
            }
            if (status == 412) {
                FileAlreadyExistsException exists = new FileAlreadyExistsException(said);
                exists.initCause(e);
                return exists;
            }
            if (status == 400 || status == 409) {
                // A body that arrived broken is answered so too, and a second try is cheap.
                return new TargetUnavailable(said, e);
            }
            return status >= 500 || status == 429 || service.isThrottlingException()
                    ? new TargetUnavailable(said, e)
                    : told(said, e);
        }
        if (e instanceof SdkClientException && String.valueOf(e.getMessage()).contains("credentials")) {
            return told(
                    said + ": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with AWS_PROFILE", e);
        }
        return new TargetUnavailable(said, e);
    }

    /// Operators are shown the innermost message, and ours says more.
    private static IOException told(String message, SdkException cause) {
        IOException told = new IOException(message);
        told.addSuppressed(cause);
        return told;
    }

    @Override
    public Upload create(String name) {
        return new PieceUpload(prefix + name);
    }

    /// Small things go in one request, others in pieces.
    private final class PieceUpload extends Upload {
        private final String key;
        private byte[] piece = new byte[64 * 1024];
        private int filled;
        private final List<CompletedPart> pieces = new ArrayList<>();
        private @Nullable String upload;
        private boolean committed;

        PieceUpload(String key) {
            this.key = key;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int from = offset;
            int left = length;
            while (left > 0) {
                if (filled == PIECE) {
                    send();
                }
                if (filled == piece.length) {
                    piece = java.util.Arrays.copyOf(piece, Math.min(PIECE, piece.length * 4));
                }
                int some = Math.min(left, piece.length - filled);
                System.arraycopy(bytes, from, piece, filled, some);
                filled += some;
                from += some;
                left -= some;
            }
        }

        private RequestBody body() {
            byte[] held = piece;
            int length = filled;
            // Read again for each try.
            return RequestBody.fromContentProvider(
                    () -> new java.io.ByteArrayInputStream(held, 0, length), length, "application/octet-stream");
        }

        private void send() throws IOException {
            String id = upload;
            if (id == null) {
                id = call(
                        "beginning " + key,
                        () -> client.createMultipartUpload(r -> r.bucket(bucket).key(key))
                                .uploadId());
                upload = id;
            }
            String begun = id;
            int number = pieces.size() + 1;
            pieces.add(call("writing piece " + number + " of " + key, () -> {
                var answer = client.uploadPart(
                        r -> r.bucket(bucket).key(key).uploadId(begun).partNumber(number), body());
                return CompletedPart.builder()
                        .partNumber(number)
                        .eTag(answer.eTag())
                        .checksumCRC32(answer.checksumCRC32())
                        .build();
            }));
            filled = 0;
        }

        @Override
        void commit(boolean onlyNew) throws IOException {
            if (upload == null) {
                call(
                        "writing " + key,
                        () -> client.putObject(
                                r -> r.bucket(bucket).key(key).ifNoneMatch(onlyNew ? "*" : null), body()));
            } else {
                send();
                String begun = upload;
                call(
                        "completing " + key,
                        () -> client.completeMultipartUpload(r -> r.bucket(bucket)
                                .key(key)
                                .uploadId(begun)
                                .ifNoneMatch(onlyNew ? "*" : null)
                                .multipartUpload(m -> m.parts(pieces))));
            }
            committed = true;
        }

        @Override
        public void close() throws IOException {
            String begun = upload;
            if (!committed && begun != null) {
                upload = null;
                call(
                        "taking back " + key,
                        () -> client.abortMultipartUpload(
                                r -> r.bucket(bucket).key(key).uploadId(begun)));
            }
        }
    }

    @Override
    public InputStream open(String name) throws IOException {
        try {
            return new Told(
                    name,
                    call(
                            "reading " + name,
                            () -> client.getObject(r -> r.bucket(bucket).key(prefix + name))));
        } catch (FileNotFoundException e) {
            NoSuchFileException missing = new NoSuchFileException(prefix + name);
            missing.initCause(e);
            throw missing;
        }
    }

    /// A connection that breaks in the middle is trouble of the store, not of what is read.
    private final class Told extends FilterInputStream {
        private final String name;

        Told(String name, InputStream in) {
            super(in);
            this.name = name;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                return in.read(bytes, offset, length);
            } catch (IOException | SdkException e) {
                throw new TargetUnavailable(
                        "reading " + name + " in " + description() + " broke off: " + e.getMessage(), e);
            }
        }
    }

    @Override
    public List<Entry> list(String wanted) throws IOException {
        return call("listing", () -> {
            List<Entry> entries = new ArrayList<>();
            client.listObjectsV2Paginator(r -> r.bucket(bucket).prefix(prefix + wanted))
                    .contents()
                    .forEach(object -> entries.add(
                            new Entry(object.key().substring(prefix.length()), object.size(), object.lastModified())));
            return entries;
        });
    }

    @Override
    public void delete(String name) throws IOException {
        call("deleting " + name, () -> client.deleteObject(r -> r.bucket(bucket).key(prefix + name)));
    }

    @Override
    public OptionalLong free() {
        return OptionalLong.empty();
    }

    @Override
    public int cleanUp(String wanted, Instant before) throws IOException {
        List<MultipartUpload> left = call(
                "listing unfinished uploads",
                () ->
                        client
                                .listMultipartUploadsPaginator(
                                        r -> r.bucket(bucket).prefix(prefix + wanted))
                                .uploads()
                                .stream()
                                .filter(upload -> upload.initiated().isBefore(before))
                                .toList());
        for (MultipartUpload upload : left) {
            call(
                    "taking back " + upload.key(),
                    () -> client.abortMultipartUpload(
                            r -> r.bucket(bucket).key(upload.key()).uploadId(upload.uploadId())));
        }
        return left.size();
    }

    @Override
    public void close() {
        client.close();
    }
}
