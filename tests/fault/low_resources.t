#!/usr/bin/perl
# Too few resources: descriptors, memory, threads, stack; calls that do half of their work or are interrupted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycProof;
use KycTest;
use KycRun;
use KycMachine;

# Open files: too few are reported at the start; from some number on the run is complete.
my $enough = 0;
for my $files (proof_is_long() ? (4 .. 80) : (4, 12, 30, 64)) {
    my $case = machine_case();
    my ($status, undef, $err) = machine_limited($case, "ulimit -n $files", '-q');
    # The sufficient number is between 41 and 63, and every larger one suffices.
    $enough ||= $files > 40 && $status == 1;
    machine_fails($case, "$files open files: status $status", $files < 64 && !$enough
        ? {status => '2|127', message => qr/raise the limit on open files \(ulimit -n\)|Too many open files|error while loading shared libraries/}
        : {status => 1}, $status, $err);
    machine_holds($case, "$files open files");
}

# Memory: the end of the process, or an error, with what to do; the next run resumes. A sanitizer needs more than any limit.
SKIP: {
    skip 'a sanitizer reserves more than any limit', 1 if program('') =~ m{/(?:asan|tsan)};
    for my $mib (proof_is_long() ? map { 4 * $_ } 10 .. 60 : (40, 80, 100, 120)) {
        my $case = machine_case(rows => 60);
        my ($status, undef, $err) = machine_limited($case, "ulimit -c 0; ulimit -v " . $mib * 1024, '-q');
        my @ends = (
            {status => 1}, {status => 127, message => qr/shared librar|memory/}, {status => 134, message => qr/out of memory.*run again to resume/},
            {status => 2, message => qr/cannot start a thread\n\s*hint: raise the limit|cannot wait for signals: .*\n\s*hint: raise/}, {status => 5, message => qr/not enough memory.*\n\s*hint: raise the limit/},
        );
        my ($end) = grep { $_->{status} == $status } @ends;
        machine_fails($case, "$mib MiB of memory: status $status", $end || {status => '1|2|5|127|134'}, $status, $err);
        machine_holds($case, "$mib MiB of memory");
    }
    # Each allocation in its turn. libfyaml does not survive all of them, before anything is begun: that part is left out.
    my $first = 5000;
    my $count = machine_count(machine_case(), call => 'memory', how => 'ENOMEM');
    for my $from (map { $first + $_ } machine_sample($count - $first, 8, 23)) {
        my $case = machine_case();
        my ($status, undef, $err, $met) = machine_run($case, {call => 'memory', how => 'ENOMEM', from => $from}, '-q');
        machine_fails($case, "allocation $from of $count fails: status $status",
            {134 => {status => 134, message => qr/out of memory.*run again to resume|libgcc_s\.so/}, 5 => {status => 5, message => qr/not enough memory.*\n\s*hint: raise/},
                2 => {status => 2, message => qr/cannot start a thread\n\s*hint: raise the limit/},
                1 => {status => 1}}->{$status} || {status => '1|5|134'}, $status, $err);
        machine_holds($case, "allocation $from of $count fails");
    }
}

# Threads, and the descriptors of timers and events.
for my $table (['thread', 'EAGAIN', qr/raise the limits? on processes \(ulimit -u\)/], ['event', 'EMFILE', qr/raise the limits? on .*\(ulimit -n\)/]) {
    my ($call, $how, $message) = @$table;
    my $count = machine_count(machine_case(), call => $call);
    for my $from (1 .. $count) {
        my $case = machine_case();
        my ($status, undef, $err) = machine_run($case, {call => $call, how => $how, from => $from}, '-q');
        machine_fails($case, "$call $from of $count gives $how", {status => 2, message => $message}, $status, $err);
        machine_holds($case, "$call $from of $count gives $how");
    }
}

for my $stack ('256', '1024', 'unlimited') {
    my $case = machine_case();
    my ($status, undef, $err) = machine_limited($case, "ulimit -s $stack", '-q');
    machine_fails($case, "a stack of $stack KiB", {status => 1}, $status, $err);
    machine_holds($case, "a stack of $stack KiB");
}

# Calls that do only half of their work, or are interrupted, have no effect on the result.
for my $table (['write', 'short'], ['read', 'short'], ['write', 'turns'], ['read', 'turns'], ['sync', 'turns'], ['open', 'turns']) {
    my ($call, $how) = @$table;
    my $case = machine_case();
    my ($status, undef, $err, $met) = machine_run($case, {call => $call, path => "$case->{folder}/*", how => $how, count => 0}, '-q');
    my $sentence = $how eq 'short' ? "every $call does half" : "every second $call is interrupted";
    ok($met, "$sentence: met");
    if ($call =~ /sync|open/) { # on a local disk neither is ever interrupted: it may be told, and must do no harm
        machine_fails($case, "$sentence: status $status", {status => '1|2|3|5'}, $status, $err);
    } else {
        machine_fails($case, $sentence, {status => 1}, $status, $err);
    }
    machine_holds($case, $sentence);
}

machine_proof();
done_testing;
