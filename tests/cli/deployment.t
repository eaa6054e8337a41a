#!/usr/bin/perl
# What a deployment sets: --rows-ok for engines that know only success and failure, and the folder of the locks.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycRun;
use KycTest;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);

# Status 1 becomes 0; what is printed and written still says 1.
my $case = case_new($sandbox, rows => 3, bad => 1);
for my $command (['check'], ['run'], ['run', '--dry-run']) {
    my ($plain) = case_run($case, @$command, '-q');
    my ($status, $out, $err) = case_run($case, @$command, '--rows-ok', '-q');
    is("$plain $status", '1 0', "@$command: a rejected row is status 1, with --rows-ok 0");
    like($err, qr/^kyc-import: warning: 1 rejected, /, 'the warning is the same');
    is(case_summary($case)->{status}, 1, 'summary.json has status 1');
    is(JSON::PP->new->decode((case_run($case, @$command, '--rows-ok', '--json'))[1])->{status}, 1, 'so has --json');
}
my ($user) = sandbox_users($sandbox);
sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=payward&user=$user->{id}&state=rejected", '');
is((case_run($case, 'refresh', '--rows-ok', '-q'))[0], 0, 'refresh: a rejected customer');
like(read_file(case_report({%$case, checked => 0}) . '/refresh.json'), qr/"status": ?1\b/, 'whose report has status 1');

# Nothing else becomes a success.
is((case_run($case, '--rows-ok', '-q', '--set', 'delivery.burst=0'))[0], 2, 'a wrong job is status 2');
is((case_run($case, '--rows-ok', '-q', '--input', 'missing.csv'))[0], 3, 'a missing input is status 3');
sandbox_control($sandbox, 'POST', '/_sandbox/revoke-keys', '');
is((case_run($case, 'refresh', '--rows-ok', '-q'))[0], 4, 'refused credentials are status 4');
sandbox_control($sandbox, 'POST', '/_sandbox/restore-keys', '');
my ($status, $out, $err) = case_run($case, '--strict', '--rows-ok');
is($status, 2, 'not with --strict');
like($err, qr/--strict and --rows-ok exclude each other\nhint: .*status 1 means that nothing was sent/, 'because nothing would be sent');
for my $command (qw(status probe results)) {
    ($status, $out, $err) = case_run($case, $command, '--rows-ok');
    is($status, 2, "$command has no --rows-ok");
}

# The folder of the locks.
my $folder = abs_path($case->{folder});
my $job = read_file("$folder/job.yaml");
mkdir "$folder/locks" or die $!;
write_file("$folder/job.yaml", "$job\ndelivery:\n  lock_folder: locks\n");
is((case_run($case, '-q'))[0], 1, 'a run with delivery.lock_folder');
my @locks = map { s{.*/}{}r } glob "$folder/locks/*";
is(scalar(grep { /^kyc-import-[0-9a-f]+\.lock$/ } @locks), scalar @locks, 'has its locks there');
ok(@locks > 0, 'one for each credential');
($status, $out) = case_run($case, 'probe');
like($out, qr{^keys +ok +no other process uses one of them; their locks are in \Q$folder\E/locks$}m, 'and probe shows the folder');
open my $held, '+<', "$folder/locks/$locks[0]" or die $!;
require Fcntl;
flock $held, Fcntl::LOCK_EX() or die $!;
is((case_run($case, '-q'))[0], 7, 'a lock that is held there is status 7');
close $held;
unlink "$folder/locks/$locks[0]";
symlink "$folder/elsewhere", "$folder/locks/$locks[0]" or die $!;
is((case_run($case, '-q'))[0], 2, 'a symbolic link in the place of a lock is status 2');
ok(!-e "$folder/elsewhere", 'and is not followed');
unlink "$folder/locks/$locks[0]";

# A file that was put there before us. Who could hold or remove it could stop us, or let two of us run.
write_file("$folder/somebodys", 'a file of somebody');
for my $planted (
    ['a further name of a file', sub { link "$folder/somebodys", $_[0] }],
    ['a pipe', sub { system 'mkfifo', $_[0] }],
    ['a folder', sub { mkdir $_[0] }],
    ['a file that everybody may open', sub { write_file($_[0], ''); chmod 0666, $_[0] }],
    ['a file that everybody may read, and so lock', sub { write_file($_[0], ''); chmod 0644, $_[0] }],
) {
    my ($what, $put) = @$planted;
    $put->("$folder/locks/$locks[0]");
    ($status, $out, $err) = case_run($case, '-q');
    is($status, 2, "$what in the place of a lock is status 2");
    like($err, qr{^kyc-import: error: cannot open the lock of credentials\.\w+, \Q$folder\E/locks/$locks[0]: .*\nhint: .*remove the file}m, 'with a hint') or diag $err;
    unlink "$folder/locks/$locks[0]" or rmdir "$folder/locks/$locks[0]" or die $!;
}
is(read_file("$folder/somebodys"), 'a file of somebody', 'the file of somebody is not changed');

for my $fault (['no', 'does not exist'], ['export.csv', 'is not a folder'], ['open', 'lets every account remove locks']) {
    my ($name, $why) = @$fault;
    mkdir "$folder/open";
    chmod 0777, "$folder/open";
    write_file("$folder/job.yaml", "$job\ndelivery:\n  lock_folder: $name\n");
    my $line = 2 + (() = $job =~ /\n/g) + 1;
    ($status, $out, $err) = case_run($case, '-q');
    is($status, 2, "a folder that $why is status 2");
    like($err, qr{^kyc-import: error: \S*job\.yaml:$line:16: `delivery\.lock_folder`: \Q$folder\E/$name $why\n(?:.*\n)*?hint: }, 'at its place, with a hint') or diag $err;
    is((case_run($case, 'check', '-q'))[0], 1, 'a check does not need it');
}
write_file("$folder/job.yaml", $job);
($status, $out, $err) = case_run($case, '-q', '--set', 'delivery.lock_folder=/nowhere');
is($status, 2, 'so is one of --set');
like($err, qr{`delivery\.lock_folder`: /nowhere does not exist}, 'which is named');
sandbox_stop($sandbox);
done_testing;
