#!/usr/bin/perl
# refresh, links, documents and adopt when the provider or the machine ends them: a 403, a Retry-After that is too long,
# SIGINT, two commands at once, a full disk. Each says why with its exit status, loses nothing, and continues afterwards.
# And all of them share one rate.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);
use KycHostile;
use KycParallel;
use KycRun;
use KycTest;

use constant ROWS => 12;

my %command_of = ('payward' => 'documents', 'kraken-embed' => 'documents', kira => 'links', payso => 'links');

# A case with users, each of whom the command serves. Options: of case_new.
sub prepared
{
    my ($sandbox, $provider, $command) = @_;
    my $case = case_new($sandbox, provider => $provider, rows => ROWS, set => $command eq 'documents' ? {'provider.verifier' => 'Example Checks'} : {});
    if ($command eq 'documents') {
        my ($header, @lines) = split /\n/, read_file("$case->{folder}/export.csv");
        write_file("$case->{folder}/export.csv", join '', map { "$_\n" } "$header,front", map { "$lines[$_],https://files.example.com/$_.png" } 0 .. $#lines);
        write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml")
            . "  documents:\n    - {type: {value: passport}, number: {column: customer_id, match: '.*'}, country: {value: US}, files: {front: front}}\n");
    }
    case_run($case, '-q');
    if ($command eq 'links') {
        sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=$provider&user=$_->{id}&state=rejected", '') for sandbox_users($sandbox, $provider);
        case_run($case, 'refresh', '-q');
    }
    unlink glob "$case->{folder}/test.ledger* $case->{folder}/reports/test/*" if $command eq 'adopt';
    return $case;
}

sub command
{
    my ($case, @arguments) = @_;
    my ($status, $out, $err) = case_run($case, @arguments, '--json', '-q');
    return ($status, $out =~ /^\{/ ? JSON::PP->new->utf8->decode($out) : {}, $err);
}

sub served { my ($found) = @_; return $found->{made} // $found->{sent} // $found->{adopt} // $found->{read} // 0; }

sub links_in_file { my ($case) = @_; my $path = case_report($case) . '/links.csv'; return -e $path ? scalar(() = read_file($path) =~ m{,https://}g) : 0; }

# What is left is done by the same command, once.
sub completes
{
    my ($case, $what, $command, $provider) = @_;
    my ($status, undef, $err) = command($case, $command);
    is($status, 0, "$what: the next one completes") or diag $err;
    my $counts = sandbox_counts($case->{sandbox})->{$provider};
    is("$counts->{links} $counts->{duplicate_links}", ROWS . ' 0', "$what: each link once") if $command eq 'links';
    is(links_in_file($case), ROWS, "$what: and all are in the file") if $command eq 'links';
    is("$counts->{documents} $counts->{duplicate_documents}", ROWS . ' 0', "$what: each document once") if $command eq 'documents';
    is($counts->{over_limit}, 0, "$what: nothing over the rate");
    is_verified($case, "$what: the ledger");
}

for my $provider (provider_names()) {
    for my $command ('refresh', $command_of{$provider}, $provider =~ /^(?:kira|payso)$/ ? 'adopt' : ()) {
        my $counted = $command eq 'links' ? 'link' : $command eq 'documents' ? 'document' : $provider eq 'payso' ? 'list' : $provider eq 'kira' ? 'look_up' : 'fetch';

        parallel "$provider, $command: a Retry-After longer than retry_for" => sub {
            my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--retry-after', '3s');
            my $case = prepared($sandbox, $provider, $command);
            sandbox_faults($sandbox, "retry-after:x1\@$counted");
            local $case->{set} = {%{$case->{set}}, 'delivery.retry_for' => '1s', 'delivery.in_flight' => 1};
            my ($status, $found, $err) = command($case, $command);
            is($status, 4, "$provider, $command: status 4") or diag $err;
            like($err, qr/asks to wait 3 s, longer than delivery\.retry_for/, "$provider, $command: and why");
            $case->{set}{'delivery.retry_for'} = '1m';
            completes($case, "$provider, $command", $command, $provider);
            is(sandbox_counts($sandbox)->{$provider}{early}, 0, "$provider, $command: and waits for the time that was asked");
            sandbox_stop($sandbox);
        };

        parallel "$provider, $command: interrupted, and beside another command" => sub {
            my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--latency', '150ms', '--rate', '50/s');
            my $case = prepared($sandbox, $provider, $command);
            local $case->{set} = {%{$case->{set}}, 'delivery.rate' => '5/s', 'delivery.burst' => 1, 'delivery.in_flight' => 1};
            my $asked = sub { return sandbox_counts($sandbox)->{$provider}{by_operation}{$counted} || 0 };
            my $before = $asked->();
            my $pid = case_start($case, $command, '--json', '-q');
            test_process($pid);
            my $give_up = time + 30;
            sleep 0.02 while $asked->() == $before && time < $give_up && waitpid($pid, WNOHANG) == 0;
            for my $other ('run', 'refresh', $command) {
                my ($status, undef, $err) = case_run($case, $other, '-q');
                # what is one request may be over by now
                next if waitpid($pid, WNOHANG) != 0;
                is($status, 7, "$provider, $command: $other beside it is status 7") or diag $err;
            }
            kill 'INT', $pid;
            if (waitpid($pid, 0) == $pid && $counted !~ /^(?:list|look_up)$/) {
                is($? >> 8, 6, "$provider, $command: SIGINT is status 6") or diag read_file("$case->{folder}/err");
                my $out = read_file("$case->{folder}/out");
                cmp_ok(served(JSON::PP->new->utf8->decode($out)), '<', ROWS, "$provider, $command: before everybody was served");
            }
            local $case->{set} = {%{$case->{set}}, 'delivery.rate' => '50/s'};
            completes($case, "$provider, $command", $command, $provider);
            sandbox_stop($sandbox);
        };
    }

    # A gateway that refuses everything, whoever is asked about.
    parallel "$provider: a 403 of the gateway" => sub {
        my $folder = scratch_folder();
        my $answer = {payward => '{"data":{"id":"AA00000000-%s"}}', 'kraken-embed' => '{"result":{"user":"AA00000000-%s"}}',
            kira => '{"id":"user-of-%s"}', payso => '{"user":{"id":"user-of-%s"}}'}->{$provider};
        my $server = hostile_start(sub {
            my ($socket, $head, $body) = @_;
            return print {$socket} hostile_answer(200, '{"data":{"access_token":"token-0123456789","expires_in":3600}}') if $head =~ m{^POST \S*/auth };
            my ($key) = $body =~ /(cust-\d{6})/;
            print {$socket} -e "$folder/closed" ? hostile_answer(403, '{"message":"Forbidden"}') : hostile_answer(201, sprintf $answer, $key);
        });
        my $case = prepared($server, $provider, $command_of{$provider} eq 'documents' ? 'documents' : 'refresh');
        is((case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'created'"))[0][0], ROWS, "$provider: all are created");
        write_file("$folder/closed", '');
        for my $command (['refresh'], $command_of{$provider} eq 'links' ? ['links', '--only', 'unknown,pending'] : ['documents']) {
            my ($status, $found, $err) = command($case, @$command);
            is($status, 4, "$provider, @$command: status 4") or diag $err;
            like($err, qr/HTTP 403.*Forbidden/, "$provider, @$command: and why");
            is(served($found) + ($found->{refused} // 0) + ($found->{in_doubt} // 0), 0, "$provider, @$command: nobody is counted for it");
            is((case_ledger($case, 'SELECT count(*) FROM task WHERE state IN (\'refused\', \'in_doubt\', \'done\')'))[0][0], 0, "$provider, @$command: nor in the ledger");
        }
        hostile_end($server);
    };
}

# A night: each command begins at once after the one before, and all share the rate.
for my $provider (provider_names()) {
    parallel "$provider: the rate holds over a night" => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--rate', '10/s');
        my $command = $command_of{$provider};
        my $case = prepared($sandbox, $provider, $command eq 'documents' ? $command : 'refresh');
        sleep 1.1;    # what prepared the case was faster
        sandbox_reset($sandbox);
        local $case->{set} = {%{$case->{set}}, 'delivery.rate' => '10/s', 'delivery.burst' => 3};
        for my $next (['run'], ['refresh'], $command eq 'links' ? ['links', '--only', 'unknown,pending'] : ['documents'], ['refresh'], ['run']) {
            my ($status, undef, $err) = case_run($case, @$next, '-q');
            is($status, 0, "$provider: @$next") or diag $err;
        }
        my $counts = sandbox_counts($sandbox)->{$provider};
        is($counts->{over_limit}, 0, "$provider: nothing over the rate");
        cmp_ok($counts->{max_per_second}, '<=', 10, "$provider: nor in any second");
        cmp_ok($counts->{requests}, '>=', ROWS, "$provider: and something was sent");
        sandbox_stop($sandbox);
    };
}

# The disk of the report folder is full. shim: its fault; file: what it cannot write.
my $shim = abs_path(program('fault-shim.so'));
my $sanitized = read_file(program('kyc-import')) =~ /__asan_init|__tsan_init/;
for my $row (['kira', 'links', '*links.csv'], ['payso', 'links', '*links.csv'], ['payward', 'refresh', '*refresh.json*'], ['kira', 'adopt', '*adopt.json*']) {
    my ($provider, $command, $pattern) = @$row;
    parallel "$provider, $command: no space for $pattern" => sub {
        plan skip_all => 'a sanitizer must come first' if $sanitized;
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = prepared($sandbox, $provider, $command);
        my $mark = "$case->{folder}/mark";
        my ($status, $found, $err) = do {
            local @ENV{qw(LD_PRELOAD FAULT_CALL FAULT_PATH FAULT_FROM FAULT_COUNT FAULT_HOW FAULT_MARK)} = ($shim, 'write', $pattern, 1, 0, 28, $mark);
            command($case, $command);
        };
        ok(-e $mark, "$provider, $command: a write failed");
        is($status, 2, "$provider, $command: status 2") or diag $err;
        like($err, qr/error: .*No space left on device.*\n.*hint: /, "$provider, $command: the message says why and what to do");
        is(served($found), 0, "$provider, $command: a link that is not in the file does not count as made") if $command eq 'links';
        my $lost = sandbox_counts($sandbox)->{$provider}{links};
        ($status, undef, $err) = command($case, $command);
        is($status, 0, "$provider, $command: with room the next one completes") or diag $err;
        is(links_in_file($case), ROWS, "$provider, $command: every link is in the file") if $command eq 'links';
        my $counts = sandbox_counts($sandbox)->{$provider};
        cmp_ok($counts->{duplicate_links}, '<=', $provider eq 'payso' ? $lost : 0, "$provider, $command: and none was made twice but those that could not be written") if $command eq 'links';
        ok(-s case_report($case) . "/$command.json", "$provider, $command: its report is there") if $command ne 'links';
        is_verified($case, "$provider, $command: the ledger");
        sandbox_stop($sandbox);
    };
}
parallel_run(8);
done_testing;
