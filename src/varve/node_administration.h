// SPDX-License-Identifier: Apache-2.0
// What a running server does when it is asked for a backup, a restore or a verification.
#pragma once

#include "serve/admin/administration.h"
#include "varve/backup_job.h"
#include "varve/restore_job.h"
#include "varve/verify_job.h"

namespace varve {

class NodeAdministration final : public admin::Administration {
 public:
  /// All of them outlive it.
  NodeAdministration(BackupParts backup, RestoreParts restore)
      : backup_(backup), restore_(restore) {}

  Result<admin::Outcome> back_up(const admin::BackupQuestion& question,
                                 admin::Progress& progress) override {
    const auto summary = TRY(varve::back_up(backup_, question, progress));
    return admin::Outcome{.sentence = backup_sentence(question.to, summary)};
  }
  Result<admin::Outcome> restore(const admin::RestoreQuestion& question,
                                 admin::Progress& progress) override {
    return restore_part(restore_, question, progress);
  }
  Result<admin::Outcome> verify(admin::Progress& progress) override {
    return verify_running(backup_.files, backup_.catalog, backup_.store, progress);
  }

 private:
  BackupParts backup_;
  RestoreParts restore_;
};

}  // namespace varve
