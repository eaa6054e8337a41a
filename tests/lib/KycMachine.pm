# KycMachine: a run on a machine that fails, and the checks after it.
#
#   my $case = machine_case(rows => 12, bad => 2);                   # a sandbox and a job of its own
#   my ($status, $out, $err, $path) = machine_run($case, {call => 'sync', from => 3, how => 'EIO'});
#   machine_holds($case, 'the third fsync fails');                   # nothing is claimed; a plain run completes
#   machine_proof();                                                 # the figures of all of this, for make proof
#
# Calls fail by a preloaded library (tests/fault/shim.c lists the faults); $path is the file of the failed call, undef when
# none failed.
package KycMachine;

use strict;
use warnings;
use Errno ();
use Exporter 'import';
use JSON::PP;
use Test::More;
use KycParallel;
use KycProof;
use KycRun;
use KycTest;

our @EXPORT = qw(machine_case machine_end machine_run machine_count machine_shim machine_claims machine_holds
    machine_fails machine_proof machine_hurt machine_sample machine_limited
    machine_figures machine_add machine_parallel machine_parallel_run);

my %figures = map { $_ => 0 } proof_columns();

sub machine_shim { return program('fault-shim.so'); }

# Options as of case_new; sandbox => [options of the sandbox].
sub machine_case
{
    my (%option) = @_;
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, @{delete $option{sandbox} || []});
    my $case = case_new($sandbox, rows => 12, bad => 2, %option);
    $case->{bad_rows} = defined $option{bad} ? $option{bad} : 2;
    return $case;
}

# Ends its sandbox, and adds its counters to the figures.
sub machine_end
{
    my ($case) = @_;
    my $counts = sandbox_counts($case->{sandbox})->{$case->{provider}};
    $figures{expected} += $case->{valid};
    $figures{made} += $counts->{users};
    $figures{duplicates} += $counts->{duplicates};
    $figures{over_limit} += $counts->{over_limit};
    $figures{lost} += $case->{valid} - (case_ledger($case, "SELECT count(*) FROM customer WHERE user_id IS NOT NULL"))[0][0];
    sandbox_stop($case->{sandbox});
}

sub number_of
{
    my ($how) = @_;
    return $how if $how !~ /^E/;
    return Errno->can($how)->();
}

# (id, status) of the ledger's last run; without an end its status is empty.
sub last_run
{
    my ($case) = @_;
    my ($row) = eval { case_ledger($case, 'SELECT id, status FROM run ORDER BY id DESC LIMIT 1') };
    return $row ? ($row->[0], $row->[1] // '') : (0, '');
}

sub note_summary
{
    my ($case) = @_;
    my $path = "$case->{folder}/reports/test/summary.json";
    $case->{summary_before} = -e $path ? read_file($path) : '';
    ($case->{run_before}) = last_run($case);
}

# A run that began in the ledger has its status there, if it ended by itself and the ledger can be written. Returns the
# mistakes.
sub machine_ends
{
    my ($case, $status, $err) = @_;
    my ($run, $recorded) = last_run($case);
    return () if $run == ($case->{run_before} || 0) || $status !~ /^[0-7]$/ || $recorded eq $status;
    return () if $err =~ /the ledger \S*test\.ledger cannot be /;
    return "the ledger says status '$recorded', the run $status";
}

# One run with a fault (undef: none): (status, output, errors, path of the failed call).
sub machine_run
{
    my ($case, $fault, @arguments) = @_;
    my $mark = "$case->{folder}/mark";
    unlink $mark;
    note_summary($case);
    local %ENV = %ENV;
    if ($fault) {
        $ENV{LD_PRELOAD} = machine_shim();
        $ENV{ASAN_OPTIONS} = join ':', grep { $_ } $ENV{ASAN_OPTIONS}, 'verify_asan_link_order=0';
        $ENV{FAULT_MARK} = $mark;
        $ENV{FAULT_CALL} = $fault->{call} if $fault->{call};
        $ENV{FAULT_PATH} = $fault->{path} if $fault->{path};
        $ENV{FAULT_FROM} = $fault->{from} if defined $fault->{from};
        $ENV{FAULT_COUNT} = $fault->{count} if defined $fault->{count};
        $ENV{FAULT_HOW} = number_of($fault->{how}) if $fault->{how};
        $ENV{FAULT_CLOCK} = $fault->{clock} if $fault->{clock};
    }
    my ($status, $out, $err) = case_run($case, @arguments);
    $figures{runs}++;
    return ($status, $out, $err, undef) if !-e $mark;
    $figures{faults}++;
    return ($status, $out, $err, read_file($mark));
}

# How many such calls an undisturbed run of this case has; its sandbox ends.
sub machine_count
{
    my ($case, %fault) = @_;
    my ($status, undef, $err, $count) = machine_run($case, {%fault, from => 0}, '-q');
    die "an undisturbed run: $status $err" if $status != 1;
    sandbox_stop($case->{sandbox});
    $figures{faults}--;
    return $count;
}

# count of the numbers 1..max, or all of them in the long proof: spread, and always the same.
sub machine_sample
{
    my ($max, $count, $every) = @_;
    return map { 1 + ($_ - 1) * ($every || 1) } 1 .. int(($max - 1) / ($every || 1)) + 1 if proof_is_long();
    my %chosen = map { 1 + int(($_ * 0.6180339887) * 1000003) % $max => 1 } 1 .. $count;
    return sort { $a <=> $b } keys %chosen;
}

# Runs a command in a shell of limits (`ulimit -n 20`): as machine_run without a fault.
sub machine_limited
{
    my ($case, $limits, @arguments) = @_;
    $figures{runs}++;
    $figures{faults}++;
    note_summary($case);
    return run_program('bash', '-c', "$limits; exec \"\$@\"", 'limited', case_arguments($case, 'run', @arguments));
}

# The summary.json of this run is true: every row is accounted for, and every created user exists. Returns the mistakes.
sub machine_claims
{
    my ($case, $status, $expected) = @_;
    my $path = "$case->{folder}/reports/test/summary.json";
    return () if !-e $path || read_file($path) eq $case->{summary_before};    # that of an earlier run
    my $summary = eval { JSON::PP->new->utf8->decode(read_file($path)) } or return "summary.json is not JSON";
    my ($sum, @wrong) = (0);
    $sum += $summary->{$_} for qw(skipped rejected unchanged created updated refused in_doubt unsent);
    my $users = sandbox_counts($case->{sandbox})->{$case->{provider}}{users};
    push @wrong, "read $summary->{read}, accounted for $sum" if $sum != $summary->{read};
    push @wrong, "created $summary->{created}, users $users" if $summary->{created} > $users;
    push @wrong, "the summary says status $summary->{status}, the run $status"
        if $summary->{status} != (defined $expected ? $expected : $status) && $status != 134;    # the end came after it was written
    return @wrong;
}

# The end after any fault: a plain run completes, each valid row is one user, none has two.
sub machine_holds
{
    my ($case, $sentence, @arguments) = @_;
    my ($status, undef, $err) = machine_run($case, undef, '-q', @arguments);
    $figures{runs}++;    # that of is_settled
    is($status, $case->{bad_rows} ? 1 : 0, "$sentence: a plain run completes") or diag $err;
    is_settled($case, "$sentence: the same end as without a fault");
    machine_end($case);
}

# The failing run itself: {status, message} as wanted, and true claims. status is a pattern; summary: the status that
# summary.json says, where it is another.
sub machine_fails
{
    my ($case, $sentence, $want, $status, $err) = @_;
    my $text = $err =~ s/\Q$case->{folder}\E/DIR/gr;
    my @wrong;
    push @wrong, "status $status, not $want->{status}" if $status !~ /^(?:$want->{status})$/;
    push @wrong, "no message like $want->{message}" if $want->{message} && $text !~ $want->{message};
    push @wrong, machine_claims($case, $status, $want->{summary}) if $err !~ /summary\.json/;
    push @wrong, machine_ends($case, defined $want->{summary} ? $want->{summary} : $status, $err);
    is(join('; ', @wrong), '', $sentence) or diag $text;
}

# Counts a fault that was made without the shim.
sub machine_hurt { $figures{faults}++; }

# The figures so far, of a process of its own, and those of several such processes added to these.
sub machine_figures { return {%figures}; }

sub machine_add
{
    for my $more (grep { $_ } @_) {
        $figures{$_} += $more->{$_} for keys %figures;
    }
}

# As parallel and parallel_run, with the figures of the processes added up.
sub machine_parallel
{
    my ($name, $run) = @_;
    parallel $name => sub { my $more = $run->(); return {%figures, ref $more eq 'HASH' ? %$more : ()} };
}

sub machine_parallel_run
{
    my @results = parallel_run(@_);
    machine_add(@results);
    return @results;
}

sub machine_proof { proof_add('machine failures', %figures); }

1;
