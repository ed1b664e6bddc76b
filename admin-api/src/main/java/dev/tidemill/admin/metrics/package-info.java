/// What Prometheus scrapes beside the framework's own metrics: figures of the platform, refusals of the security,
/// the state of the pools.
@NullMarked
package dev.tidemill.admin.metrics;

import org.jspecify.annotations.NullMarked;
