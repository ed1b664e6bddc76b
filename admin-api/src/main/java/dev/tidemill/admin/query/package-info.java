/// Search and ask, for users: `/api/v1/projects/{project}/search` and `/ask`.
@NullMarked
package dev.tidemill.admin.query;

import org.jspecify.annotations.NullMarked;
