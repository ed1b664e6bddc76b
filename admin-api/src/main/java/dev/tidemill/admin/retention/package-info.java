/// Retention policies, legal holds and forgetting, for operators.
@NullMarked
package dev.tidemill.admin.retention;

import org.jspecify.annotations.NullMarked;
